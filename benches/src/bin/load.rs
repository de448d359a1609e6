//! Load generator for a feed server. See `load --help` and [`benches::load`].

use std::process::ExitCode;

use anyhow::Result;
use benches::load::child::{self, OwnServer};
use benches::load::greedy;
use benches::load::options::Options;
use benches::load::strangers;
use clap::Parser;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if let Some(source) = &options.serve {
        child::serve(source, &options).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(count) = options.strangers {
        let report = strangers::run(&options, count).await?;
        if options.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print!("{report}");
        }
        return Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let own = match &options.url {
        Some(_) => None,
        None => Some(OwnServer::start(&options.own_source())?),
    };
    let url = options.url.as_deref().or(own.as_ref().map(|own| own.url.as_str())).unwrap_or_default();
    if options.be_greedy {
        greedy::be_greedy(url, options.greedy, options.greedy_by).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.greedy > 0 {
        let comparison = greedy::compare(&options, url).await?;
        if options.json {
            println!("{}", serde_json::to_string_pretty(&comparison)?);
        } else {
            print!("{comparison}");
        }
        return Ok(if comparison.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let report = benches::load::run(&options, url).await?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
