//! The output of the bench.

use crate::sender::{Cost, Load};
use crate::variants::Variant;

pub(crate) struct Table {
    viewers: usize,
    costs: Vec<(Variant, Load, Cost)>,
}

impl Table {
    pub(crate) const fn new(viewers: usize) -> Self {
        Self { viewers, costs: Vec::new() }
    }

    pub(crate) fn add(&mut self, variant: Variant, load: Load, cost: Cost) {
        self.costs.push((variant, load, cost));
    }

    pub(crate) fn print(&self) {
        println!("\n{} viewers; CPU time is the sender's, in us per delivery.\n", self.viewers);
        println!("| load | sender | deliveries/s | x (a) | x (d) | user | kernel |");
        println!("| --- | --- | --: | --: | --: | --: | --: |");
        let mut loads: Vec<Load> = self.costs.iter().map(|&(_, load, _)| load).collect();
        loads.dedup();
        for load in loads {
            let of = |variant| self.median(variant, load);
            let (baseline, limit) = (of(Variant::TungsteniteSend), of(Variant::WriteAll));
            for variant in Variant::ALL {
                let Some(cost) = of(variant) else { continue };
                let ratio = |other: Option<Cost>| {
                    other.map_or(f64::NAN, |other| cost.deliveries_per_second / other.deliveries_per_second)
                };
                println!(
                    "| {} x {} B | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} |",
                    load.burst,
                    load.bytes,
                    variant.name().trim(),
                    cost.deliveries_per_second,
                    ratio(baseline),
                    ratio(limit),
                    cost.user_us,
                    cost.kernel_us,
                );
            }
        }
    }

    /// The median of each figure over all rounds.
    fn median(&self, variant: Variant, load: Load) -> Option<Cost> {
        let costs: Vec<Cost> =
            self.costs.iter().filter(|(v, l, _)| (*v, *l) == (variant, load)).map(|&(_, _, cost)| cost).collect();
        let median = |figure: fn(&Cost) -> f64| {
            let mut figures: Vec<f64> = costs.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied()
        };
        Some(Cost {
            deliveries_per_second: median(|cost| cost.deliveries_per_second)?,
            user_us: median(|cost| cost.user_us)?,
            kernel_us: median(|cost| cost.kernel_us)?,
        })
    }
}
