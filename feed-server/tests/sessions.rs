//! Browser sessions over real sockets and processes: restart, revocation, other servers of the host, roles.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use crate::page_session::PageSession;
use crate::place::{Place, SOURCE, TOKEN, config, free_address, request};
use crate::process::Process;
use crate::served::{Served, handshake};
use feed_server::app::config::Config;
use feed_server::app::token_file::TokenFile;
use feed_server::clock;
use feed_server::credentials::role::Role;
use feed_server::credentials::secret::{Digest, Secret};
use feed_server::credentials::session_files::SessionFiles;
use feed_server::credentials::session_table::{BrowserSession, MAX_SESSIONS};
use feed_server::credentials::state_directory::StateDirectory;
use nix::sys::signal::Signal;

fn sign_in(address: SocketAddr) -> PageSession {
    PageSession::of(&request(address, "POST", "/sign-in", &format!("authorization: Bearer {TOKEN}\r\n")))
}

fn is_signed_in(address: SocketAddr, session: &PageSession) -> bool {
    request(address, "GET", "/metrics", &session.of_program()).starts_with("HTTP/1.1 200")
}

#[test]
fn a_session_survives_a_restart_until_its_token_changes() {
    let (place, address) = (Place::new(), free_address());
    let mut server = place.serve(address, &[]);
    let session = sign_in(address);
    let lost = sign_in(address);
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        assert!(is_signed_in(address, &session));
        server.signal(signal);
        server.wait();
        server = place.serve(address, &[]);
    }
    assert!(is_signed_in(address, &session) && is_signed_in(address, &lost));
    server.signal(Signal::SIGTERM);
    server.wait();
    place.write_token("another-token-altogether");
    server = place.serve(address, &[]);
    assert!(!is_signed_in(address, &session));
    server.signal(Signal::SIGTERM);
    server.wait();
    place.write_token(TOKEN);
    let _server = place.serve(address, &[]);
    assert!(!is_signed_in(address, &session), "it has ended for good");
}

#[test]
fn the_generated_token_and_the_link_survive_a_restart() {
    let (place, port) = (Place::new(), free_address().port());
    let start = || {
        let state = place.text("state");
        Process::start_at((Ipv4Addr::UNSPECIFIED, port).into(), &[&["--state-dir", &state], &SOURCE[..]].concat())
    };
    let mut first = start();
    let link = first.link.clone();
    let (_, token) = link.split_once("/#token=").expect("a link with a token");
    assert_eq!(fs::read_to_string(place.path(&format!("state/{port}/token"))).expect("reads"), token);
    first.signal(Signal::SIGTERM);
    first.wait();
    assert_eq!(start().link, link);
}

#[tokio::test]
async fn a_revoked_session_ends_with_its_stream_and_others_continue() {
    let place = Place::new();
    let served = place.served().await;
    let (revoked, other) = (PageSession::open(&served, TOKEN).await, PageSession::open(&served, TOKEN).await);
    let mut viewer = served.viewer_with("/stream", &revoked.of_page(served.address)).await;
    let mut other_viewer = served.viewer_with("/stream", &other.of_page(served.address)).await;
    viewer.read_live(2).await;
    // The id is derived from the cookie.
    let (_, cookie) = revoked.cookie.split_once('=').expect("a pair");
    let id = Digest::of(cookie.as_bytes()).id().to_string();
    let listed = place.sessions(&["list"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.contains(&id) && listed.contains("127.0.0.1") && listed.contains("token_file"), "{listed}");
    for secret in [cookie, revoked.key.as_str(), TOKEN] {
        assert!(!listed.contains(secret), "{listed}");
    }
    assert_eq!(place.sessions(&["revoke", &id]), "1 sessions revoked\n");
    let (code, reason) = viewer.closed().await;
    assert!(code == 4401 && reason.starts_with("session ended"), "{code} {reason}");
    assert!(served.get_with("/metrics", &revoked.of_program()).await.starts_with("HTTP/1.1 401"));
    let mut again = served.viewer_with("/stream", &revoked.of_page(served.address)).await;
    assert_eq!(again.closed().await, (code, reason));
    other_viewer.read_live(2).await;

    assert!(place.sessions(&["revoke", &id]).contains(&format!("no session {id} in ")));
    assert!(place.sessions(&["revoke", "../../x"]).contains("16 hexadecimal digits"));
    assert_eq!(place.sessions(&["revoke", "--all"]), "1 sessions revoked\n");
    assert_eq!(other_viewer.closed().await.0, 4401);
    assert!(place.sessions(&["list"]).starts_with("no sessions in "));
}

#[test]
fn an_open_stream_is_a_use_of_its_session() {
    let (place, address) = (Place::new(), free_address());
    let folder = place.path(&format!("state/{}", address.port()));
    drop(StateDirectory::open(&place.path("state"), address.port()).expect("creates"));
    // One less than the server keeps, and all used after the next one.
    let later_s = clock::now_s() + 200;
    for number in 1..MAX_SESSIONS {
        let cookie = Digest::of(Secret::random().reveal().as_bytes());
        let session = BrowserSession {
            cookie,
            key: Digest::of(Secret::random().reveal().as_bytes()),
            token: cookie.salted(TOKEN.as_bytes()),
            token_name: "token_file".to_owned(),
            role: Role::View,
            created_s: later_s,
            client: number.to_string(),
            address: "127.0.0.1".to_owned(),
            last_used_s: later_s,
        };
        SessionFiles::of(&folder).write(&session).expect("writes");
    }
    let _server = place.serve(address, &[]);
    let session = sign_in(address);
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.write_all(handshake(address, "/stream", &session.of_page(address)).as_bytes()).expect("writes");
    let (mut reader, mut head) = (BufReader::new(&stream), String::new());
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).expect("answers"), 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    // The first byte of a frame: the stream has begun.
    reader.read_exact(&mut [0]).expect("answers");
    // The session that was unused for the longest time ends in favour of this one.
    let other = sign_in(address);
    assert!(is_signed_in(address, &session) && is_signed_in(address, &other));
}

#[tokio::test]
async fn a_sign_out_ends_the_session_its_stream_and_its_file() {
    let place = Place::new();
    let served = place.served().await;
    let session = PageSession::open(&served, TOKEN).await;
    let mut viewer = served.viewer_with("/stream", &session.of_page(served.address)).await;
    viewer.read_live(2).await;
    let answer = served.post("/sign-out", &session.of_program()).await;
    assert!(answer.starts_with("HTTP/1.1 204") && answer.contains("=; Max-Age=0; Path=/; HttpOnly"), "{answer}");
    assert_eq!(viewer.closed().await.0, 4401);
    assert!(place.sessions(&["list"]).starts_with("no sessions in "));
}

/// Linux only: the exchange of two files.
#[cfg(target_os = "linux")]
#[test]
fn a_sign_out_whose_file_cannot_be_deleted_is_answered_with_500_and_logged_with_the_id() {
    let (place, address) = (Place::new(), free_address());
    let log = fs::File::create(place.path("log")).expect("creates");
    let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_feed-server"))
        .args(["serve", "--listen", &address.to_string(), "--state-dir", &place.text("state")])
        .args(["--token-file", &place.text("token")])
        .args(SOURCE)
        .stdout(std::process::Stdio::null())
        .stderr(log)
        .spawn()
        .expect("starts");
    while TcpStream::connect(address).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let session = sign_in(address);
    let (_, cookie) = session.cookie.split_once('=').expect("a pair");
    let id = Digest::of(cookie.as_bytes()).id().to_string();
    // A folder in place of the file cannot be deleted as a file, by root neither. Exchanged at once: a missing file
    // would be a revocation.
    let (file, folder) = (place.path(&format!("state/{}/sessions/{id}", address.port())), place.path("folder"));
    fs::create_dir(&folder).expect("creates");
    nix::fcntl::renameat2(
        nix::fcntl::AT_FDCWD,
        &file,
        nix::fcntl::AT_FDCWD,
        &folder,
        nix::fcntl::RenameFlags::RENAME_EXCHANGE,
    )
    .expect("exchanges");
    for revoke in [&["revoke", &id][..], &["revoke", "--all"]] {
        let said = place.sessions(revoke);
        assert!(said.starts_with(&format!("feed-server: session {id} is not revoked: its file in ")), "{said}");
    }
    let answer = request(address, "POST", "/sign-out", &session.of_program());
    assert!(!is_signed_in(address, &session), "it has ended in memory");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(server.id() as i32), Signal::SIGTERM).expect("is there");
    server.wait().expect("ended");
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("returns when the server restarts"), "{answer}");
    assert!(answer.contains("=; Max-Age=0; Path=/; HttpOnly"), "the cookie is deleted: {answer}");
    let said = fs::read_to_string(place.path("log")).expect("reads");
    let errors = said.lines().filter(|line| line.contains("ERROR") && line.contains(&id)).count();
    assert_eq!(errors, 1, "{said}");
}

#[tokio::test]
async fn either_half_of_a_session_alone_opens_nothing() {
    let served = Place::new().served().await;
    let session = PageSession::open(&served, TOKEN).await;
    let whole = session.of_page(served.address);
    for without in ["cookie: ", "sec-websocket-protocol: "] {
        let half: String = whole.split_inclusive("\r\n").filter(|line| !line.starts_with(without)).collect();
        assert_ne!(half, whole);
        let mut viewer = served.viewer_with("/stream", &half).await;
        assert!(viewer.frame_or_close().await.is_none(), "no frame");
        let (code, reason) = viewer.closed().await;
        assert!(code == 4401 && reason.starts_with("session ended"), "{code} {reason}");
    }
    for half in [format!("cookie: {}\r\n", session.cookie), format!("x-kymograph-key: {}\r\n", session.key)] {
        let answer = served.get_with("/metrics", &half).await;
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("the session has ended"), "{answer}");
    }
}

#[tokio::test]
async fn cookies_of_two_servers_on_one_host_do_not_help_each_other() {
    let (one, other) = (Place::new(), Place::new());
    let (one, other) = (one.served().await, other.served().await);
    let (of_one, of_other) = (PageSession::open(&one, TOKEN).await, PageSession::open(&other, TOKEN).await);
    let name = |session: &PageSession| session.cookie.split('=').next().expect("a name").to_owned();
    assert_ne!(name(&of_one), name(&of_other));
    // A browser sends both cookies to both ports. Each server gets its own.
    let cookies = format!("cookie: {}; {}\r\n", of_one.cookie, of_other.cookie);
    let with = |key: &str| format!("{cookies}x-kymograph-key: {key}\r\n");
    assert!(one.get_with("/metrics", &with(&of_one.key)).await.starts_with("HTTP/1.1 200"));
    assert!(other.get_with("/metrics", &with(&of_other.key)).await.starts_with("HTTP/1.1 200"));
    // The other server has the cookie that it was sent, and its own keys.
    assert!(one.get_with("/metrics", &with(&of_other.key)).await.starts_with("HTTP/1.1 401"));
    let renamed = of_other.cookie.replace(&name(&of_other), &name(&of_one));
    let forged = format!("cookie: {renamed}; {}\r\nx-kymograph-key: {}\r\n", of_one.cookie, of_other.key);
    assert!(one.get_with("/metrics", &forged).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn a_role_is_that_of_the_token_and_publish_may_not_view() {
    let place = Place::new();
    let (edit, publish) = ("a-token-for-editors", "a-token-for-publishers");
    let token = |name: &str, role, secret: &str| {
        fs::write(place.path(name), secret).expect("writes");
        TokenFile { name: name.to_owned(), file: place.path(name), role }
    };
    let tokens = vec![token("ops", Role::Edit, edit), token("agents", Role::Publish, publish)];
    let served = Served::with_token(Config { tokens, ..config() }, edit).await;
    let session = PageSession::open(&served, edit).await;
    served.viewer_with("/stream", &session.of_page(served.address)).await.read_live(2).await;
    let answer = served.post("/sign-in", &format!("authorization: Bearer {edit}\r\n")).await;
    assert!(answer.ends_with(",\"role\":\"edit\"}"), "{answer}");

    let bearer = format!("authorization: Bearer {publish}\r\n");
    for path in ["/metrics", "/readyz"] {
        let answer = served.get_with(path, &bearer).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("needs the role view"), "{answer}");
    }
    let program = served.request(&handshake(served.address, "/stream", &bearer)).await;
    assert!(program.starts_with("HTTP/1.1 403"), "{program}");
    let session = PageSession::open(&served, publish).await;
    let mut page = served.viewer_with("/stream", &session.of_page(served.address)).await;
    assert!(page.frame_or_close().await.is_none(), "no frame");
    assert_eq!(page.closed().await, (4403, "the role of this token does not include viewing".to_owned()));
}
