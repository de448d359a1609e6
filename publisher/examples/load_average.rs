//! Publishes the load average ten times a second: `cargo run -p kymograph-publisher --example load_average -- ws://127.0.0.1:9000`.

use std::time::{Duration, SystemTime};

use kymograph_publisher::Publisher;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:9000".to_owned());
    let publisher = Publisher::builder("load-average").connect(&address)?;
    let interval = Duration::from_millis(100);
    let load = publisher.group("load").title("Load").interval(interval).series(["1 min", "5 min", "15 min"])?;
    loop {
        let text = std::fs::read_to_string("/proc/loadavg")?;
        let values: Vec<f64> = text.split(' ').take(3).map(str::parse).collect::<Result<_, _>>()?;
        load.row(SystemTime::now(), &values)?;
        std::thread::sleep(interval);
    }
}
