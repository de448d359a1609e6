//! The fuzz targets: coverage-guided fuzzing on stable Rust, without cargo-fuzz.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::steps::heading;
use crate::workspace::{Workspace, cargo, in_path, output, run};

/// Instrumentation for libFuzzer: counters on every edge, and the operands of comparisons.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Long enough to exceed every limit of a list; longer inputs only cost time.
const LONGEST_INPUT_BYTES: u32 = 16_384;

/// An input that takes longer than this is a finding.
const HANG_SECONDS: u32 = 5;

/// An input that makes a target use more memory than this is a finding: many times the memory of any other.
const MEMORY_MB: u32 = 512;

#[derive(Clone, Debug, clap::Args)]
pub struct Fuzz {
    /// Seconds for each target.
    #[arg(long, default_value = "60")]
    pub seconds: NonZeroU32,
    /// The target to run [default: all].
    #[arg(value_enum)]
    pub target: Option<Target>,
}

/// A program in `fuzz/targets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Target {
    /// Any bytes, as a viewer receives them.
    Frame,
    /// Any bytes, as the body of a frame.
    Body,
    /// Any bytes, as a server receives them.
    ClientMessage,
    /// Any messages of a publisher, as a server carries them out.
    Publisher,
    /// Any times and values, packed and read again.
    Columns,
    /// Any bytes, as a server reads them before they are a stream.
    Handshake,
    /// Any bytes, as the host source reads them from the kernel.
    KernelTexts,
    /// Any bytes, as lines of text.
    Lines,
    /// Any bytes, as metrics in the formats of Prometheus.
    Exposition,
    /// Any bytes, as a datagram of StatsD.
    Statsd,
    /// Any bytes, as a message of Prometheus' remote write.
    RemoteWrite,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Body => "body",
            Self::ClientMessage => "client_message",
            Self::Publisher => "publisher",
            Self::Columns => "columns",
            Self::Handshake => "handshake",
            Self::KernelTexts => "kernel_texts",
            Self::Lines => "lines",
            Self::Exposition => "exposition",
            Self::Statsd => "statsd",
            Self::RemoteWrite => "remote_write",
        }
    }

    /// Folders of inputs to start from.
    const fn seeds(self) -> &'static [&'static str] {
        match self {
            Self::Frame | Self::Body => &["protocol/tests/golden/frames", "protocol/tests/golden/refused"],
            Self::ClientMessage => &["protocol/tests/golden/client_messages", "protocol/tests/golden/refused"],
            Self::Publisher => &["fuzz/seeds/publisher", "protocol/tests/golden/client_messages"],
            Self::Columns => &[],
            Self::Handshake => &["fuzz/seeds/handshake"],
            Self::KernelTexts => &["fuzz/seeds/kernel_texts"],
            Self::Lines => &["fuzz/seeds/lines"],
            Self::Exposition => &["fuzz/seeds/exposition"],
            Self::Statsd => &["fuzz/seeds/statsd"],
            Self::RemoteWrite => &["fuzz/seeds/remote_write"],
        }
    }
}

/// Builds the targets and runs them one after another. Each run starts from the inputs that earlier runs saved in
/// `target/fuzz/corpus` and extends them.
///
/// # Errors
/// When this machine cannot build them, or at the first finding.
pub fn fuzz(wanted: &Fuzz) -> Result<()> {
    let workspace = Workspace::find()?;
    let folder = workspace.target.join("fuzz");
    let programs = build(&workspace, &folder)?;
    let targets = wanted.target.as_ref().map_or_else(Target::value_variants, std::slice::from_ref);
    for &target in targets {
        heading(&format!("fuzzing {} for {} s", target.name(), wanted.seconds));
        let corpus = seed(&workspace, &folder, target)?;
        let summary = fuzz_one(&programs.join(target.name()), &corpus, &folder, wanted.seconds)?;
        eprintln!("    {summary}");
    }
    Ok(())
}

/// Builds every target; returns their folder.
fn build(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    ensure!(
        cfg!(target_os = "linux"),
        "fuzzing needs Linux; on other systems `cargo xtask test` tests the same properties"
    );
    let compiler = std::env::var_os("CXX").is_some() || in_path("c++").is_some();
    ensure!(compiler, "libFuzzer is C++ and no `c++` is in PATH: install g++ or clang, or set CXX to a compiler");
    let host = host()?;
    heading("building the fuzz targets");
    let mut command = cargo();
    command.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", RUSTFLAGS);
    command.args(["build", "--release", "--bins", "--target", &host, "--target-dir"]).arg(folder);
    run(command.arg("--manifest-path").arg(workspace.root.join("fuzz/Cargo.toml")))
        .context("the fuzz targets need a rustc that is built on LLVM, and a linker that takes libFuzzer's C++")?;
    Ok(folder.join(host).join("release"))
}

/// The triple of this machine. With an explicit `--target`, build scripts and macros are built without the flags.
fn host() -> Result<String> {
    let version = output(Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` printed no host")?.to_owned())
}

/// Puts the target's seeds into its corpus.
fn seed(workspace: &Workspace, folder: &Path, target: Target) -> Result<PathBuf> {
    let corpus = folder.join("corpus").join(target.name());
    fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    for folder in target.seeds() {
        let vectors = workspace.root.join(folder);
        let kind = vectors.file_name().unwrap_or_default().to_string_lossy();
        for file in fs::read_dir(&vectors).with_context(|| format!("cannot read {}", vectors.display()))? {
            let file = file?;
            if file.path().extension() == Some(OsStr::new("bin")) {
                let seed = corpus.join(format!("{kind}-{}", file.file_name().to_string_lossy()));
                fs::copy(file.path(), seed).with_context(|| format!("cannot copy {}", file.path().display()))?;
            }
        }
    }
    Ok(corpus)
}

/// Runs one target; its output goes to a file.
fn fuzz_one(program: &Path, corpus: &Path, folder: &Path, seconds: NonZeroU32) -> Result<Summary> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let crashes = folder.join("crashes");
    fs::create_dir_all(&crashes)?;
    let log = folder.join(format!("{name}.log"));
    let mut command = Command::new(program);
    command.arg(corpus).stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
    command.arg(format!("-artifact_prefix={}/{name}-", crashes.display()));
    for (option, value) in [
        ("max_total_time", seconds.get()),
        ("max_len", LONGEST_INPUT_BYTES),
        ("timeout", HANG_SECONDS),
        ("rss_limit_mb", MEMORY_MB),
        ("print_final_stats", 1),
    ] {
        command.arg(format!("-{option}={value}"));
    }
    let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
    let printed = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        eprintln!("{}", findings(&printed));
        let Some((_, input)) = printed.lines().find_map(|line| line.split_once("Test unit written to ")) else {
            bail!("{name} ended with {status} and left no input; its output is in {}", log.display());
        };
        bail!(
            "{name} fails on {input}\n    reproduce it: {} {input}\n    output:       {}\n    next steps:   fuzz/README.md",
            program.display(),
            log.display()
        );
    }
    Summary::of(&printed).with_context(|| format!("{name} printed no figures; its output is in {}", log.display()))
}

/// The first lines of the panic or of libFuzzer's error.
fn findings(printed: &str) -> String {
    let is_progress = |line: &&str| !line.contains("panicked at") && !line.contains("ERROR: libFuzzer");
    let lines: Vec<&str> = printed.lines().skip_while(is_progress).take(5).collect();
    format!("    {}", lines.join("\n    "))
}

/// Figures of a run, counted by libFuzzer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Summary {
    executions: u64,
    executions_per_second: u64,
    /// Edges of the program's control flow that some input has taken.
    edges_taken: u64,
    edges: u64,
    memory_mb: u64,
}

impl Summary {
    fn of(printed: &str) -> Option<Self> {
        let after = |text: &str, label: &str| {
            let rest = text[text.find(label)? + label.len()..].trim_start();
            rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
        };
        let last_pulse = printed.lines().rfind(|line| line.starts_with('#') && line.contains(" cov: "))?;
        Some(Self {
            executions: after(printed, "stat::number_of_executed_units:")?,
            executions_per_second: after(printed, "stat::average_exec_per_sec:")?,
            edges_taken: after(last_pulse, " cov: ")?,
            edges: after(printed, "PC tables (")?,
            memory_mb: after(printed, "stat::peak_rss_mb:")?,
        })
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { executions, executions_per_second, edges_taken, edges, memory_mb } = self;
        write!(
            f,
            "{executions} executions, {executions_per_second} a second; {edges_taken} of {edges} edges taken; \
             {memory_mb} MB at most; nothing found"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "INFO: Loaded 1 PC tables (4767 PCs): 4767 [0x55bce221cae8,0x55bce222f4d8), \n\
        #98\tINITED cov: 1312 ft: 2503 corp: 80/5913b exec/s: 0 rss: 28Mb\n\
        #828951\tDONE   cov: 1388 ft: 3120 corp: 212/21Kb lim: 4096 exec/s: 63765 rss: 29Mb\n\
        Done 828951 runs in 13 second(s)\n\
        stat::number_of_executed_units: 828951\n\
        stat::average_exec_per_sec:     63765\n\
        stat::peak_rss_mb:              29\n";

    #[test]
    fn figures_are_those_at_the_end_of_the_run() {
        let expected = Summary {
            executions: 828_951,
            executions_per_second: 63_765,
            edges_taken: 1_388,
            edges: 4_767,
            memory_mb: 29,
        };
        assert_eq!(Summary::of(PRINTED), Some(expected));
        assert_eq!(Summary::of("Done 0 runs"), None);
    }

    #[test]
    fn findings_begin_with_the_panic() {
        let printed = format!("{PRINTED}\nthread '<unnamed>' panicked at src/frame.rs:1:2:\nit broke\n");
        assert!(findings(&printed).trim_start().starts_with("thread"));
        assert!(findings(&printed).contains("it broke"));
    }

    #[test]
    fn every_target_has_the_name_of_its_file() {
        for target in Target::value_variants() {
            let value = target.to_possible_value().expect("every target can be named");
            assert_eq!(value.get_name(), target.name());
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fuzz/targets/{}.rs", target.name()));
            assert!(file.is_file(), "{}", file.display());
        }
    }
}
