//! The source that settings configure.

use std::borrow::Cow;

use super::job::Job;
use super::settings::PrometheusSettings;
use crate::duration;
use crate::ingest::settings::SourceSettings;
use crate::ingest::source::Source;
use crate::telemetry::Telemetry;

impl SourceSettings for PrometheusSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Job::new(self.clone()))
    }

    fn name(&self) -> Cow<'_, str> {
        self.job.as_str().into()
    }

    fn check(&self) -> Result<(), String> {
        if self.targets.is_empty() && self.target_files.is_empty() {
            return Err("set targets or target_files: a source needs a target".to_owned());
        }
        if let Some(timeout) = self.timeout.filter(|timeout| *timeout > self.interval) {
            let (found, interval) = (duration::format(timeout), duration::format(self.interval));
            return Err(format!("timeout must be at most the interval, {interval}, found {found}"));
        }
        if self.bearer_token_file.is_some() && self.basic_auth.is_some() {
            return Err("bearer_token_file excludes basic_auth: remove one of them".to_owned());
        }
        if !self.tls.verify && self.tls.ca.is_some() {
            return Err("tls.ca has no effect with tls.verify = false: remove one of them".to_owned());
        }
        let defaults = self.target_defaults();
        self.targets.iter().try_for_each(|written| defaults.target(written, &self.labels).map(|_| ()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ingest::config::SourceConfig;

    fn settings(spec: &str) -> Result<PrometheusSettings, String> {
        match spec.parse::<SourceConfig>().map_err(|error| error.to_string())? {
            SourceConfig::Prometheus(settings) => settings.check().map(|()| settings),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_spec_names_targets_and_settings() {
        let found =
            settings("prometheus:localhost:9100,http://b:1/m?x=y,interval=100ms,job=node,labels.env=lab,keep=node_.*");
        let found = found.expect("valid");
        let targets: Vec<_> = found.targets.iter().map(|target| target.authority.as_str()).collect();
        assert_eq!(targets, ["localhost:9100", "b:1"]);
        assert_eq!(found.targets[1].path.as_deref(), Some("/m?x=y"));
        assert_eq!((found.interval, found.timeout()), (Duration::from_millis(100), Duration::from_millis(90)));
        assert_eq!((&*found.job, found.labels.get("env").map(String::as_str)), ("node", Some("lab")));
        assert_eq!(found.sample_rules().len(), 1);
        let listed = settings("prometheus:targets=a:1,interval=1m").expect("valid");
        assert_eq!((listed.targets.len(), listed.timeout()), (1, Duration::from_secs(10)));
    }

    #[test]
    fn wrong_settings_are_refused_with_the_values_allowed() {
        for (spec, refusal) in [
            ("prometheus", "set targets or target_files: a source needs a target"),
            (
                "prometheus:a b",
                "a target must be host:port, or an address such as https://example:9100/metrics, found \"a b\"",
            ),
            (
                "prometheus:a:1,interval=5ms",
                "interval must be a duration from 10ms to 24h, such as 100ms or 1s, found 5ms",
            ),
            ("prometheus:a:1,timeout=2s", "timeout must be at most the interval, 1s, found 2s"),
            ("prometheus:a:1,timeout=0s", "timeout must be a duration from 1ms to 24h, such as 100ms or 1s, found 0s"),
            ("prometheus:a:1,scheme=ftp", "scheme must be http or https, found ftp"),
            ("prometheus:a:1,path=metrics", "path must begin with a slash and have no query, found metrics"),
            ("prometheus:a:1,series=0", "series must be a whole number from 1 to 1000000, found 0"),
            ("prometheus:a:1,body_bytes=1", "body_bytes must be a whole number from 1024 to 268435456, found 1"),
            ("prometheus:a:1,job=a b", "job must have at most 64 bytes of letters, digits, _ - and ., found \"a b\""),
            ("prometheus:a:1,keep=(", "keep must be a regular expression, found \"(\": unclosed group"),
            (
                "prometheus:a:1,keep=a,b",
                "settings must have the form key=value, found `b`: targets come first, and a value cannot contain a comma",
            ),
            (
                "prometheus:a:1/x?y=1",
                "settings must have the form key=value, found `a:1/x?y=1`: an address with a query begins with http://",
            ),
            (
                "prometheus:a:1,bearer_token_file=t,basic_auth.username=u,basic_auth.password_file=p",
                "bearer_token_file excludes basic_auth: remove one of them",
            ),
            ("prometheus:a:1,tls.verify=no", "tls.verify must be true or false, found no"),
        ] {
            assert_eq!(settings(spec).map(|_| ()), Err(refusal.to_owned()), "{spec}");
        }
        assert!(settings("prometheus:a:1,x=1").is_err_and(|error| error.starts_with("unknown setting `x`")));
    }
}
