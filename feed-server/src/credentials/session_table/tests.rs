//! Tests of the table.

use super::*;
use crate::credentials::secret::Secret;

const DAY: u64 = 24 * 3_600;

/// A table with one session of time 0, and its halves.
fn signed_in() -> (SessionTable, SessionId, String, String) {
    let (cookie, key) = (Secret::random(), Secret::random());
    let mut table = SessionTable::default();
    let session = session(&cookie, &key, 0);
    let id = session.id();
    table.open(session).expect("room");
    (table, id, cookie.reveal().to_owned(), key.reveal().to_owned())
}

fn session(cookie: &Secret, key: &Secret, now_s: u64) -> BrowserSession {
    let cookie = Digest::of(cookie.reveal().as_bytes());
    BrowserSession {
        token: cookie.salted(b"token"),
        cookie,
        key: Digest::of(key.reveal().as_bytes()),
        token_name: "default".to_owned(),
        role: Role::View,
        created_s: now_s,
        client: "Firefox on Linux".to_owned(),
        address: "127.0.0.1:1".to_owned(),
        last_used_s: now_s,
    }
}

#[test]
fn only_both_halves_of_one_session_find_it() {
    let (mut table, id, cookie, key) = signed_in();
    let (other_cookie, other_key) = (Secret::random(), Secret::random());
    table.open(session(&other_cookie, &other_key, 0)).expect("room");
    assert_eq!(table.find(cookie.as_bytes(), key.as_bytes(), 1).expect("found").id, id);
    for (cookie, key) in [
        (cookie.as_str(), ""),
        ("", key.as_str()),
        (cookie.as_str(), cookie.as_str()),
        (key.as_str(), key.as_str()),
        (cookie.as_str(), other_key.reveal()),
        (other_cookie.reveal(), key.as_str()),
        (cookie.as_str(), &key.to_lowercase()),
    ] {
        assert!(table.find(cookie.as_bytes(), key.as_bytes(), 1).is_none(), "{cookie} {key}");
    }
}

#[test]
fn a_session_ends_30_days_after_its_sign_in_and_7_days_after_its_last_use() {
    let (mut table, _, cookie, key) = signed_in();
    let mut find = |now_s| table.find(cookie.as_bytes(), key.as_bytes(), now_s).is_some();
    assert!(find(6 * DAY));
    assert!(!find(13 * DAY + 1), "not used for 7 days");
    for day in 12..30 {
        assert!(find(day * DAY), "{day}");
    }
    assert!(!find(30 * DAY));
}

#[test]
fn a_session_whose_times_lie_in_the_future_has_expired() {
    let (now_s, year_s) = (1_000 * DAY, 365 * DAY);
    let of = |created_s, last_used_s| BrowserSession {
        created_s,
        last_used_s,
        ..session(&Secret::random(), &Secret::random(), now_s)
    };
    assert!(of(now_s + year_s, now_s + year_s).is_expired(now_s), "signed in by a wrong clock");
    assert!(of(now_s - DAY, now_s + year_s).is_expired(now_s), "used by a wrong clock");
    assert!(of(u64::MAX, u64::MAX).is_expired(now_s));
    assert!(!of(now_s + 300, now_s + 300).is_expired(now_s), "a clock may be set back a little");
    assert!(of(now_s + 301, now_s + 301).is_expired(now_s));
}

#[test]
fn an_open_stream_keeps_its_session_in_use_until_that_expires_and_ends_with_it() {
    let (mut table, id, cookie, key) = signed_in();
    let stream = table.find(cookie.as_bytes(), key.as_bytes(), 0).expect("found");
    for day in 1..30 {
        table.expire(day * DAY);
        assert!(!stream.ended.is_cancelled(), "{day}");
    }
    table.recorded(id, 0);
    table.expire(30 * DAY);
    assert!(stream.ended.is_cancelled());
    assert_eq!(table.files_to_delete(), [id]);
}

#[test]
fn a_file_that_was_written_after_the_end_of_its_session_is_deleted() {
    let (mut table, id, ..) = signed_in();
    table.end(id);
    assert_eq!(table.files_to_delete(), [], "it has no file");
    table.recorded(id, 0);
    assert_eq!(table.files_to_delete(), [id]);
    table.deleted(id);
    assert_eq!(table.files_to_delete(), []);
}

#[test]
fn only_a_session_whose_file_was_there_is_ended_when_it_is_gone() {
    let (mut table, id, cookie, key) = signed_in();
    let stream = table.find(cookie.as_bytes(), key.as_bytes(), 0).expect("found");
    assert_eq!(table.end_without_file(&HashSet::new()), 0, "not written yet");
    assert_eq!(table.without_file().len(), 1);
    table.recorded(id, 0);
    assert_eq!(table.end_without_file(&HashSet::from([id])), 0);
    assert!(table.without_file().is_empty() && !stream.ended.is_cancelled());
    assert_eq!(table.end_without_file(&HashSet::new()), 1);
    assert!(stream.ended.is_cancelled());
    assert!(table.find(cookie.as_bytes(), key.as_bytes(), 0).is_none());
}

#[test]
fn above_the_limit_the_session_that_was_unused_for_the_longest_time_is_ended() {
    let (mut table, _, cookie, key) = signed_in();
    let used = table.find(cookie.as_bytes(), key.as_bytes(), 0).expect("found");
    for now_s in 1..MAX_SESSIONS as u64 + 10 {
        table.open(session(&Secret::random(), &Secret::random(), now_s)).expect("room");
    }
    assert_eq!(table.entries.len(), MAX_SESSIONS);
    assert!(!used.ended.is_cancelled(), "it is in use");
    let oldest = table.entries.values().filter(|entry| !entry.is_in_use()).map(|entry| entry.session.last_used_s).min();
    assert_eq!(oldest, Some(11));
}

#[test]
fn a_use_is_recorded_once_an_hour() {
    let (mut table, id, cookie, key) = signed_in();
    table.recorded(id, 0);
    table.find(cookie.as_bytes(), key.as_bytes(), 3_600).expect("found");
    assert_eq!(table.due_uses(), []);
    table.find(cookie.as_bytes(), key.as_bytes(), 3_601).expect("found");
    assert_eq!(table.due_uses(), [(id, 3_601)]);
    table.recorded(id, 3_601);
    assert_eq!(table.due_uses(), []);
}
