//! A Python environment for `docs/examples` and for the tests that are written in Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::steps::heading;
use crate::workspace::{Workspace, in_path, run};

/// Packages that the examples and the tests need beyond the standard library.
const REQUIREMENTS: [&str; 2] = ["docs/examples/requirements.txt", "feed-server/tests/requirements.txt"];
/// Packages of which only files are used: axe-core, without what the package around it needs.
const FILES_ONLY: &str = "dashboard/tests/requirements.txt";
const DEBIAN_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Returns an interpreter in `target/python` with these packages. Creates the environment again when the requirements change.
///
/// # Errors
/// When no Python is found or can be installed, or a package cannot be installed.
pub fn environment(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("python");
    let interpreter = folder.join("bin/python3");
    let files = REQUIREMENTS.map(|file| workspace.root.join(file));
    let files_only = workspace.root.join(FILES_ONLY);
    let wanted = files.iter().chain([&files_only]).map(fs::read_to_string).collect::<Result<String, _>>()?;
    let installed = folder.join("requirements.txt");
    if works(&interpreter) && fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    heading("setting up Python");
    let python = system_python()?;
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let install = |files: &[PathBuf], options: &[&str]| {
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(options);
        for file in files {
            pip.arg("--requirement").arg(file);
        }
        run(&mut pip).context("cannot install the Python packages of docs/examples and the tests")
    };
    install(&files, &[])?;
    install(&[files_only], &["--no-deps"])?;
    fs::write(installed, wanted)?;
    Ok(interpreter)
}

/// Finds a Python with `venv`.
fn system_python() -> Result<PathBuf> {
    if let Some(python) = find() {
        return Ok(python);
    }
    let Some(apt) = in_path("apt-get").filter(|_| setup::is_root()) else {
        bail!(
            "the tests of docs/examples need Python 3.10 or later with venv and pip: install it (Debian: `sudo apt-get \
             install python3 python3-venv`; Fedora: `sudo dnf install python3`; macOS: `brew install python`)"
        );
    };
    setup::install_debian_packages(&apt, &DEBIAN_PACKAGES)
        .context("cannot install Python: install Python 3.10 or later by hand")?;
    find().context("python3 was installed, but it has no venv module")
}

fn find() -> Option<PathBuf> {
    in_path("python3").filter(|python| {
        let modules = ["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))"];
        quiet(Command::new(python).args(modules))
    })
}

fn works(interpreter: &Path) -> bool {
    interpreter.is_file() && quiet(Command::new(interpreter).arg("--version"))
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
