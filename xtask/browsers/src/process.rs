//! The browser's processes and its profile, from start to removal.

use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStderr;
use tokio::time::timeout;

const START_DEADLINE: Duration = Duration::from_mins(1);
/// The last lines of the browser's output are kept for an error. It prints little unless something is wrong.
const MAX_STDERR_LINES: usize = 100;
/// Helper processes of a killed browser may write to the profile for some milliseconds, none for two seconds.
const REMOVALS: u32 = 100;
const REMOVAL_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    #[cfg(unix)]
    guard: Option<guard::Guard>,
    profile: TempDir,
}

impl Process {
    /// Starts a browser and returns it with the address of its debugging socket, which it prints after `announcement`.
    pub(crate) async fn start(mut command: Command, profile: TempDir, announcement: &str) -> Result<(Self, String)> {
        let path = command.get_program().display().to_string();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().with_context(|| format!("cannot start {path}"))?;
        let mut process = Self {
            child,
            #[cfg(unix)]
            guard: None,
            profile,
        };
        #[cfg(unix)]
        {
            process.guard = Some(guard::Guard::over_group(process.child.id())?);
        }

        let stderr = process.child.stderr.take().context("the browser's stderr is not piped")?;
        let mut lines = BufReader::new(ChildStderr::from_std(stderr)?).lines();
        let mut printed = VecDeque::new();
        let address = match timeout(START_DEADLINE, address(&mut lines, &mut printed, announcement)).await {
            Ok(Ok(Some(address))) => address,
            ended_or_late => {
                let printed = Vec::from(printed).join("\n");
                match ended_or_late {
                    Err(_) => bail!("the browser printed no address within {START_DEADLINE:?}:\n{printed}"),
                    Ok(Err(error)) => bail!("the browser's stderr cannot be read: {error}; it printed:\n{printed}"),
                    Ok(Ok(_)) => bail!("{path} ended at once; it printed:\n{printed}"),
                }
            }
        };
        // Keep reading, or the browser would block on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((process, address))
    }

    /// A folder for the profile of one browser.
    pub(crate) fn profile() -> Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("kymograph-browser-").tempdir()?)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

/// Reads up to the line with the address of the debugging socket; `None` if the output ends first.
async fn address(
    lines: &mut Lines<BufReader<ChildStderr>>,
    printed: &mut VecDeque<String>,
    announcement: &str,
) -> std::io::Result<Option<String>> {
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.strip_prefix(announcement) {
            return Ok(Some(address.trim().to_owned()));
        }
        if printed.len() == MAX_STDERR_LINES {
            printed.pop_front();
        }
        printed.push_back(line);
    }
    Ok(None)
}

impl Drop for Process {
    fn drop(&mut self) {
        // The group first: after `wait`, the leader's id may belong to another process.
        #[cfg(unix)]
        drop(self.guard.take());
        // Both fail if the browser has ended already.
        let _has_ended = self.child.kill();
        let _has_ended = self.child.wait();
        for _ in 0..REMOVALS {
            if std::fs::remove_dir_all(self.profile.path()).is_ok() {
                break;
            }
            std::thread::sleep(REMOVAL_PAUSE);
        }
    }
}

#[cfg(unix)]
mod guard {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use anyhow::{Context, Result};

    /// Waits for the end of its input, which is closed when this process ends in any way, then kills a process group.
    const SCRIPT: &str = r#"cat >/dev/null; kill -s KILL -- "-$1""#;

    /// Ends the browser and its helper processes when this process ends, even if it is killed: they are a separate process
    /// group, which Ctrl-C in a terminal does not reach.
    #[derive(Debug)]
    pub(super) struct Guard(Child);

    impl Guard {
        pub(super) fn over_group(leader: u32) -> Result<Self> {
            let mut command = Command::new("sh");
            command.args(["-c", SCRIPT, "sh", &leader.to_string()]).process_group(0);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            Ok(Self(command.spawn().context("cannot start sh")?))
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            drop(self.0.stdin.take());
            // Fails if the group has ended already.
            let _has_ended = self.0.wait();
        }
    }
}
