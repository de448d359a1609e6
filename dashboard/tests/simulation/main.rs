//! The whole way of a sample, in a simulated network and in virtual time: the server's hub, history, sessions and fan-out, and
//! the page's own policy of connecting, its position and its store. Only the browser and the kernel's sockets are left out.
//!
//! Each seed is 20 seconds in which samples are measured, and in which lines are cut and held up, one way or both, the server is
//! killed and starts anew, messages are lost, doubled and damaged, and the page sleeps. Then all is mended, and the page must become whole: every row that was made is held
//! bit for bit, or there is a hole in its place, drawn as one and declared.
//!
//! `KYMOGRAPH_SEEDS` sets the number of seeds: 100 by default, 1,000 in `cargo xtask test --long`; `KYMOGRAPH_SEED` runs one.
//!
//! | module | subject |
//! | --- | --- |
//! | [`feed`] | the server: made-up rows into the product's hub, viewers into its sessions |
//! | [`line`] | a connection of the simulated network, as a session wants it |
//! | [`page`] | the page: the product's policy and store, without a browser |
//! | [`ledger`] | every row that was made, and what a store must hold of it |
//! | [`faults`] | what goes wrong, and when |

mod faults;
mod feed;
mod ledger;
mod line;
mod page;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use faults::Faults;
use ledger::{Ledger, Tally};
use rand::SeedableRng;
use rand::rngs::StdRng;
use turmoil::Builder;

/// Samples are measured, and things go wrong, for so long.
const TROUBLE: Duration = Duration::from_secs(20);

/// And within so long the page must be whole again: the longest wait before a retry, and twice the longest silence.
const RECOVERY: Duration = Duration::from_secs(40);

/// What happens in one simulation is decided by its seed.
fn simulate(seed: u64) -> Tally {
    let mut random = StdRng::seed_from_u64(seed);
    let feed = feed::Plan::random(&mut random);
    let mut faults = Faults::random(&mut random);
    let mut simulation = Builder::new()
        .rng_seed(seed)
        .simulation_duration(TROUBLE + RECOVERY)
        .tick_duration(Duration::from_millis(4))
        .max_message_latency(Duration::from_millis(60))
        .tcp_capacity(64)
        .build();
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let served = Rc::clone(&ledger);
    simulation.host("server", move || feed::serve(feed, Rc::clone(&served)));
    let (watched, ailing) = (Rc::clone(&ledger), faults.ailing());
    let tally = Rc::new(RefCell::new(Tally::default()));
    let result = Rc::clone(&tally);
    simulation.client("page", async move {
        *result.borrow_mut() = page::watch(&watched, &ailing, random).await;
        Ok(())
    });
    while !simulation.step().unwrap_or_else(|error| panic!("the page never became whole: {error}")) {
        faults.happen(&mut simulation);
    }
    tally.take()
}

fn seeds() -> Range<u64> {
    let told = |variable| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    match told("KYMOGRAPH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..told("KYMOGRAPH_SEEDS").unwrap_or(100),
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
    println!("{} seeds of {} virtual seconds: {sum}", seeds.end - seeds.start, TROUBLE.as_secs());
    if seeds.end - seeds.start >= 100 {
        assert!(sum.has_everything(), "all of it happens: {sum}");
    }
}
