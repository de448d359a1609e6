//! Our server beside other programs that measure a machine. They are measured in turn.

use std::path::PathBuf;

use anyhow::Result;
use benches::report::{figure, table, times};
use xtask::workspace::in_path;

use crate::figures::Cost;
use crate::lab::{Busyness, Lab, Measured};
use crate::netdata::{Apps, Netdata};
use crate::node_exporter::NodeExporter;
use crate::server::OurServer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Competitor {
    Ours,
    Netdata(Apps),
    NodeExporter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    competitor: Competitor,
    hz: u32,
}

/// The others, if they are installed.
struct Installed {
    netdata: Option<PathBuf>,
    node_exporter: Option<PathBuf>,
}

const RATES: [u32; 3] = [1, 10, 100];

impl Competitor {
    const ALL: [Self; 4] = [Self::Ours, Self::Netdata(Apps::Off), Self::Netdata(Apps::On), Self::NodeExporter];

    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "kymograph",
            Self::Netdata(Apps::Off) => "Netdata without processes and control groups",
            Self::Netdata(Apps::On) => "Netdata",
            Self::NodeExporter => "node_exporter",
        }
    }

    const fn has_rate(self, hz: u32) -> bool {
        !matches!(self, Self::Netdata(_)) || hz == 1
    }
}

impl Case {
    fn name(self) -> String {
        format!("{} at {} Hz", self.competitor.name(), self.hz)
    }
}

impl Installed {
    fn find() -> Self {
        let node_exporter = in_path("prometheus-node-exporter").or_else(|| in_path("node_exporter"));
        Self { netdata: in_path("netdata"), node_exporter }
    }

    fn has(&self, competitor: Competitor) -> bool {
        match competitor {
            Competitor::Ours => true,
            Competitor::Netdata(_) => self.netdata.is_some(),
            Competitor::NodeExporter => self.node_exporter.is_some(),
        }
    }

    /// Names the packages that were missing.
    fn missing(&self) -> String {
        let missing = |name, package| format!("\n{name} was not measured: install the package `{package}`.\n");
        let netdata = self.netdata.is_none().then(|| missing("Netdata", "netdata-core"));
        let exporter = self.node_exporter.is_none().then(|| missing("node_exporter", "prometheus-node-exporter"));
        netdata.into_iter().chain(exporter).collect()
    }
}

pub(crate) fn run(lab: &Lab) -> Result<String> {
    let before = Busyness::now();
    let installed = Installed::find();
    let rates = lab.choose(&RATES[..], &RATES[..1]);
    // By rate, so that compared cases are measured at about the same time.
    let cases = rates.iter().flat_map(|&hz| Competitor::ALL.map(|competitor| Case { competitor, hz }));
    let cases = cases.filter(|case| installed.has(case.competitor) && case.competitor.has_rate(case.hz));
    let measured = lab.alternate(cases, |case| case.name(), |case| measure(lab, &installed, *case))?;
    let medians = |measured: &Measured<Case, Cost>| Cost::medians(&measured.rounds);
    let ours =
        |hz| measured.iter().find(|measured| measured.case == Case { competitor: Competitor::Ours, hz }).map(medians);
    let row = |measured: &Measured<Case, Cost>| {
        let (case, cost) = (measured.case, medians(measured));
        let of_ours = |figure: fn(&Cost) -> f64| ours(case.hz).map_or(f64::NAN, |ours| figure(&cost) / figure(&ours));
        vec![
            case.competitor.name().to_owned(),
            case.hz.to_string(),
            figure(cost.series),
            figure(cost.samples_per_second),
            figure(cost.cpu_percent),
            times(of_ours(|cost| cost.cpu_percent)),
            figure(cost.us_per_sample()),
            times(of_ours(Cost::us_per_sample)),
            figure(cost.memory_mib),
        ]
    };
    let head = ["", "Hz", "series", "samples/s", "CPU, %", "x ours", "us a sample", "x ours", "memory, MiB"];
    let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
    Ok(format!("{}\n\n{}{}", lab.conditions(&before), table(&head, &rows), installed.missing()))
}

fn measure(lab: &Lab, installed: &Installed, case: Case) -> Result<Cost> {
    let (warm_up, time) = (lab.warm_up(), lab.measuring_time());
    let measured = match (case.competitor, &installed.netdata, &installed.node_exporter) {
        (Competitor::Netdata(apps), Some(path), _) => {
            Netdata::start(path, apps).and_then(|netdata| netdata.measure(warm_up, time))
        }
        (Competitor::NodeExporter, _, Some(path)) => {
            NodeExporter::start(path).and_then(|exporter| exporter.measure(case.hz, warm_up, time))
        }
        _ => return Ok(OurServer::start(&format!("host:hz={}", case.hz))?.measure(warm_up, time)?.cost),
    };
    // An installed program may refuse to start, such as without root.
    Ok(measured.unwrap_or_else(|error| {
        eprintln!("    {}: not measured: {error:#}", case.name());
        Cost::UNKNOWN
    }))
}
