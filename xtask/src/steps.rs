//! Prints a heading for each step and, at the end, the seconds that each step took.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Steps of one task. Steps may run at the same time, on separate threads.
#[derive(Debug)]
pub struct Steps {
    began: Instant,
    done: Mutex<Vec<(String, Duration)>>,
}

impl Default for Steps {
    fn default() -> Self {
        Self { began: Instant::now(), done: Mutex::default() }
    }
}

impl Steps {
    /// Runs one step between a heading and its time.
    ///
    /// # Errors
    /// The error of the step.
    pub fn run<T>(&self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        heading(name);
        let began = Instant::now();
        let done = step()?;
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), began.elapsed()));
        Ok(done)
    }

    /// Prints the seconds that each step took, in the order in which they ended.
    pub fn print(&self) {
        heading("seconds that each step took");
        for (name, took) in self.done.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            eprintln!("    {:6.1}  {name}", took.as_secs_f64());
        }
        eprintln!("    {:6.1}  in total", self.began.elapsed().as_secs_f64());
    }
}

pub fn heading(text: &str) {
    eprintln!("\n==> {text}");
}
