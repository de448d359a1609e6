//! Parses arbitrary bytes as each text of the kernel that the host source reads.
#![no_main]

use feed_server::ingest::host::kernel::{
    diskstats, fields, keyed, net_counters, net_dev, pid_stat, pressure, schedstat, stat,
};
use fuzz::allocations;

/// What is parsed is part of the text: no parser may invent names or more lines than there are.
fn check(text: &[u8]) {
    let lines = fields::lines(text).count();
    assert!(lines <= text.len());
    allocations::none(|| {
        let mut things = 0;
        let (_, skipped) = stat::parse(text, |_, _| things += 1);
        assert!(things + skipped as usize <= lines);
        things = 0;
        let skipped = schedstat::parse(text, |_, _| things += 1);
        assert!(things + skipped as usize <= lines);
        for parse in [named_disks, named_interfaces] {
            things = 0;
            let skipped = parse(text, &mut |name| {
                assert!(!name.is_empty() && !name.contains(&b'\n'));
                things += 1;
            });
            assert!(things + skipped as usize <= lines);
        }
        keyed::find(text, &["MemTotal", "MemAvailable", "pgpgin", "usage_usec"]);
        net_counters::find(text, &[("Tcp", "CurrEstab"), ("Udp", "InErrors")]);
        pressure::parse(text);
        if let Some(process) = pid_stat::parse(text) {
            assert!(process.name.len() < text.len());
        }
        for field in fields::Fields::new(text) {
            fields::number(field);
            fields::decimal(field);
        }
    });
}

fn named_disks(text: &[u8], named: &mut dyn FnMut(&[u8])) -> u32 {
    diskstats::parse(text, |name, _| named(name))
}

fn named_interfaces(text: &[u8], named: &mut dyn FnMut(&[u8])) -> u32 {
    net_dev::parse(text, |name, _| named(name))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));
