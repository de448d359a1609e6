//! Netdata, with the plugins that measure what our source measures, once a second, which is its highest rate.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use benches::http_client::HttpClient;
use serde::Deserialize;
use tempfile::TempDir;

use crate::figures::Cost;
use crate::program::Program;

/// The plugin that reads each process.
const APPS: &str = "apps.plugin";
/// It looks for charts in its first seconds.
const READY_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_secs(1);

/// Whether each process and each control group is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apps {
    On,
    Off,
}

pub(crate) struct Netdata {
    program: Program,
    address: SocketAddr,
    apps: Apps,
    _folder: TempDir,
}

/// Part of the answer of `/api/v1/charts`.
#[derive(Deserialize)]
struct Charts {
    dimensions_count: f64,
    update_every: f64,
}

impl Netdata {
    /// Starts the program at `path`, with its data in a temporary folder, and waits until it has all charts.
    pub(crate) fn start(path: &Path, apps: Apps) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // The port is free again when the listener is dropped.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        for name in ["config", "cache", "lib", "log"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let file = folder.path().join("netdata.conf");
        fs::write(&file, settings(folder.path(), address, apps))?;
        let mut command = Command::new(path);
        command.args(["-D", "-P"]).arg(folder.path().join("pid")).arg("-c").arg(file).env("DISABLE_TELEMETRY", "1");
        let netdata = Self { program: Program::start(&mut command)?, address, apps, _folder: folder };
        let (started, mut before) = (Instant::now(), 0.0);
        loop {
            sleep(POLL);
            match netdata.charts() {
                Ok(charts) if charts.dimensions_count > 0.0 && charts.dimensions_count <= before => return Ok(netdata),
                Ok(charts) => before = charts.dimensions_count,
                // It does not listen at once.
                Err(error) if started.elapsed() > READY_WITHIN => return Err(error.context("netdata is not ready")),
                Err(_) => {}
            }
        }
    }

    fn charts(&self) -> Result<Charts> {
        let mut client = HttpClient::connect(self.address)?;
        let text = client.get("/api/v1/charts")?;
        ensure!(self.apps == Apps::Off || text.contains(APPS), "its {APPS} does not run: it requires root");
        serde_json::from_str(text).context("the answer of /api/v1/charts")
    }

    pub(crate) fn measure(&self, warm_up: Duration, time: Duration) -> Result<Cost> {
        sleep(warm_up);
        let before = self.program.cpu_time()?;
        sleep(time);
        let cpu_percent = before.percent_until(&self.program.cpu_time()?);
        let Charts { dimensions_count: series, update_every } = self.charts()?;
        let samples_per_second = series / update_every;
        Ok(Cost { cpu_percent, samples_per_second, series, memory_mib: self.program.memory_mib()? })
    }
}

fn settings(folder: &Path, address: SocketAddr, apps: Apps) -> String {
    let folder = folder.display();
    let (ip, port) = (address.ip(), address.port());
    let apps = if apps == Apps::On { "yes" } else { "no" };
    format!(
        "[global]
    run as user = root
[directories]
    config = {folder}/config
    cache = {folder}/cache
    lib = {folder}/lib
    log = {folder}/log
    lock = {folder}/lib/lock
    registry = {folder}/lib/registry
[db]
    mode = ram
    update every = 1
    retention = 300
[web]
    bind to = {ip}:{port}
[health]
    enabled = no
[registry]
    enabled = no
[ml]
    enabled = no
[statsd]
    enabled = no
[logs]
    debug = none
    access = none
[plugins]
    proc = yes
    diskspace = yes
    apps = {apps}
    cgroups = {apps}
    tc = no
    idlejitter = no
    timex = no
    netdata monitoring = no
    netdata monitoring extended = no
    profile = no
    slabinfo = no
    freeipmi = no
    nfacct = no
    perf = no
    ebpf = no
    charts.d = no
    python.d = no
    go.d = no
    ioping = no
    cups = no
    enable running new plugins = no
    check for new plugins every = 3600
[plugin:proc]
    /proc/stat = yes
    /proc/loadavg = yes
    /proc/pressure = yes
    /proc/vmstat = yes
    /proc/meminfo = yes
    /proc/net/dev = yes
    /proc/net/netstat = yes
    /proc/diskstats = yes
    /proc/uptime = yes
    /proc/sys/kernel/random/entropy_avail = no
    /proc/interrupts = no
    /proc/softirqs = no
    /sys/kernel/mm/ksm = no
    /sys/block/zram = no
    /sys/devices/system/edac/mc = no
    /sys/devices/system/node = no
    /proc/net/wireless = no
    /proc/net/sockstat = no
    /proc/net/sockstat6 = no
    /proc/net/sctp/snmp = no
    /proc/net/softnet_stat = no
    /proc/net/ip_vs/stats = no
    /sys/class/infiniband = no
    /proc/net/stat/conntrack = no
    /proc/net/stat/synproxy = no
    /proc/mdstat = no
    /proc/net/rpc/nfsd = no
    /proc/net/rpc/nfs = no
    /proc/spl/kstat/zfs/arcstats = no
    /proc/spl/kstat/zfs/pool/state = no
    /sys/fs/btrfs = no
    ipc = no
    /sys/class/power_supply = no
"
    )
}
