//! Server and page in a simulated network and in virtual time: hub, history, sessions and fan-out of the server; policy, position
//! and store of the page. Only the browser and the kernel's sockets are replaced.
//!
//! Each seed is 20 seconds with samples and faults: connections are cut or delayed in one or both directions, the server is
//! killed and restarts, messages are lost, duplicated and damaged, and the page sleeps. Then the faults end, and the page must
//! become complete: it holds every row bit for bit, or a hole in its place, which is drawn and was declared. Groups that it follows in
//! buckets are the summaries of these rows. Meanwhile it changes the groups that it follows, and their steps. It received every
//! log line and event, or a gap for it. Meanwhile the page queries ranges: each answer is that of a scan of the rows that were sent.
//!
//! `KYMOGRAPH_SEEDS` sets the number of seeds: 100 by default, 1,000 in `cargo xtask test --long`; `KYMOGRAPH_SEED` runs one.
//!
//! | module | subject |
//! | --- | --- |
//! | [`feed`] | the server: random rows into the hub, viewers into sessions |
//! | [`line`] | a connection of the simulated network as a session's socket |
//! | [`page`] | the page: policy and store, without a browser |
//! | [`screen`] | the groups on the page's screen, and what its panels need of them |
//! | [`answers`] | queries of the page, and the check of their answers |
//! | [`ledger`] | every measured row, and the check of a store against them |
//! | [`buckets`] | the rows that a bucket summarizes |
//! | [`tally`] | counts of what happened |
//! | [`faults`] | kinds and times of faults |

mod answers;
mod buckets;
mod faults;
mod feed;
mod ledger;
mod line;
mod page;
mod screen;
mod tally;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use faults::Faults;
use ledger::Ledger;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tally::Tally;
use turmoil::Builder;

/// Duration of samples and faults.
const FAULTS_END: Duration = Duration::from_secs(20);

/// Time for the page to become complete: the longest wait before a retry and twice the longest silence.
const RECOVERY: Duration = Duration::from_secs(40);

/// The seed determines all events of a simulation.
fn simulate(seed: u64) -> Tally {
    let mut random = StdRng::seed_from_u64(seed);
    let feed = feed::Plan::random(&mut random);
    let mut faults = Faults::random(&mut random);
    let mut simulation = Builder::new()
        .rng_seed(seed)
        .simulation_duration(FAULTS_END + RECOVERY)
        .tick_duration(Duration::from_millis(4))
        .max_message_latency(Duration::from_millis(60))
        .tcp_capacity(64)
        .build();
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let served = Rc::clone(&ledger);
    simulation.host("server", move || feed::serve(feed, Rc::clone(&served)));
    let (rows, page_fault) = (Rc::clone(&ledger), faults.page_fault());
    let tally = Rc::new(RefCell::new(Tally::default()));
    let result = Rc::clone(&tally);
    simulation.client("page", async move {
        *result.borrow_mut() = page::run(&rows, &page_fault, random).await;
        Ok(())
    });
    while !simulation.step().unwrap_or_else(|error| panic!("the page did not become complete: {error}")) {
        faults.apply_due(&mut simulation);
    }
    tally.take()
}

fn seeds() -> Range<u64> {
    let number = |variable| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    match number("KYMOGRAPH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KYMOGRAPH_SEEDS").unwrap_or(100),
    }
}

#[test]
fn after_any_faults_the_page_holds_every_sent_row_or_shows_a_hole() {
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let tallies = std::thread::scope(|scope| {
        let work = || {
            let mut sum = Tally::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return sum;
                }
                let simulated = std::panic::catch_unwind(|| simulate(seed));
                sum += simulated.unwrap_or_else(|_| panic!("seed {seed}: KYMOGRAPH_SEED={seed} repeats it"));
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no seed fails")).collect::<Vec<_>>()
    });
    let mut sum = Tally::default();
    for tally in tallies {
        sum += tally;
    }
    println!("{} seeds of {} virtual seconds: {sum}", seeds.end - seeds.start, FAULTS_END.as_secs());
    if seeds.end - seeds.start >= 100 {
        assert!(sum.has_everything(), "some kind of event never happened: {sum}");
    }
}
