//! Files that are damaged, huge or of foreign origin, and machines with very many parts.

use std::time::Duration;

use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::fixture::{Fixture, SECOND};
use crate::ingest::host::linux::readers_of;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::settings::{HostSettings, Wanted};
use crate::ingest::source::SourceError;
use crate::telemetry::Telemetry;

const FILES: [&str; 15] = [
    "proc/stat",
    "proc/schedstat",
    "proc/meminfo",
    "proc/vmstat",
    "proc/diskstats",
    "proc/net/dev",
    "proc/net/snmp",
    "proc/net/netstat",
    "proc/pressure/cpu",
    "proc/pressure/io",
    "proc/loadavg",
    "proc/uptime",
    "proc/sys/fs/file-nr",
    "proc/self/mountinfo",
    "proc/self/stat",
];

/// All readers of the source, one after another.
struct All(Vec<Box<dyn Reader>>);

impl All {
    fn new(fixture: &Fixture) -> Self {
        let wanted =
            Wanted { fastest: Duration::from_millis(1), ..HostSettings::default().wanted(Telemetry::default()) };
        Self(readers_of(&fixture.roots(), wanted).into_iter().map(|(_, reader)| reader).collect())
    }
}

impl Reader for All {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        self.0.iter_mut().try_for_each(|reader| reader.read(context, now))
    }
}

fn long_number(digits: usize) -> String {
    "9".repeat(digits)
}

#[test]
fn damaged_files_are_read_without_a_panic() {
    let whole = [
        "cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu4294967295 1 2 3 4\nintr 1\nctxt 2\nprocesses 3\nprocs_running 1\nprocs_blocked 0\n".to_owned(),
        format!("cpu  {0} {0} {0} {0} {0} {0} {0} {0} {0} {0}\ncpu0 {0} {0} {0} {0} {0}\n", u64::MAX),
        format!("cpu0 0 0 0 0 0 0 {0} {0} {0}\nMemTotal: {0} kB\nMemAvailable: {0}\nSwapTotal: 1\nSwapFree: {0}\n", u64::MAX),
        format!("pgpgin {0}\npgpgin {1}\n8 0 sda {0} {0} {0} {0} {0} {0} {0} {0} {0} {0} {0}\n", u64::MAX, long_number(400)),
        "eth0: 1 2 3 4 5 6 7 8 9 10 11 12\n: 1 2 3\n::::\n   eth0: 1 2 3 4 5 6 7 8 9 10 11 12\n".to_owned(),
        "some total=1\nfull total=\n0.1 0.2 nan 1/1 1\n27 1 254:0 / / rw - ext4 /dev/vda rw\n".to_owned(),
        "1 (x) S 1 1 1 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 5 0 6\n".to_owned(),
        "\u{202e}\u{1b}[31m<script>\\n\u{0} \u{85}: 1 2\n".to_owned(),
        "\n\n\n \t \n".to_owned(),
        String::new(),
    ];
    let mut fixture = Fixture::new();
    let mut readers = All::new(&fixture);
    for text in whole {
        for length in [text.len(), text.len() / 2, text.len() / 3] {
            for file in FILES {
                fixture.write(file, &text.as_bytes()[..length]);
            }
            fixture.read(&mut readers, 11 * SECOND);
        }
    }
    let noise: Vec<u8> = (0..300_000_u32).map(|byte| (byte.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for file in FILES {
        fixture.write(file, &noise);
    }
    fixture.read(&mut readers, 11 * SECOND);
    for file in FILES {
        fixture.remove(file);
    }
    let mut readers = All::new(&fixture);
    fixture.read(&mut readers, 11 * SECOND);
    let left_out = fixture.left_out();
    for subject in ["processors", "memory", "paging", "disks", "network interfaces"] {
        assert!(left_out.iter().any(|what| what.starts_with(&format!("{subject} not measured: "))), "{left_out:?}");
    }
}

#[test]
fn a_machine_with_512_cores_and_2000_interfaces_is_bounded() {
    let mut fixture = Fixture::new();
    let mut readers = All::new(&fixture);
    for second in 1..4_u64 {
        let cores: Vec<String> = (0..512)
            .map(|core| format!("cpu{core} {second} {second} {second} {second} 9 {second} {second} {second} 0 0\n"))
            .collect();
        fixture.write(
            "proc/stat",
            format!("cpu 1 2 3 {second}\n{}intr {}\nctxt 1\n", cores.concat(), "0 ".repeat(20_000)),
        );
        let disks: Vec<String> = (0..1_500)
            .map(|disk| format!("8 0 sd{disk} {second} 0 {second} 0 0 0 {} 0 0 {second} 0\n", disk * second))
            .collect();
        fixture.write("proc/diskstats", disks.concat());
        let name = "\u{202e}<b>\u{1b}[1m".repeat(20);
        let interfaces: Vec<String> = (0..2_000)
            .map(|number| format!("{name}{number}: {} 1 1 1 0 0 0 0 {second} 1 1 1 0 0 0 0\n", number * second))
            .collect();
        fixture.write("proc/net/dev", interfaces.concat());
        fixture.read(&mut readers, SECOND);
    }
    assert_eq!(fixture.living("cpu.cores").len(), 512);
    assert_eq!(fixture.living("disk.io").len(), 1_024);
    assert_eq!(fixture.title("disk.io"), "Disk I/O (512 busiest of 1500 disks)");
    assert!(fixture.living("cpu.core_modes").len() <= 1_024);
    assert!(fixture.living("network.bytes").len() <= 1_024);
}
