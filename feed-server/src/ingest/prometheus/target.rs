//! The labels of a target, and what they decide: <https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config>.

use super::relabel::{self, Labels, Rule};
use super::target_url::{SCHEMES, Scheme, TargetUrl, WrittenTarget};

/// Labels that rules on targets may read and change.
const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__metrics_path__";
/// `__param_NAME` is the parameter NAME of the query.
const PARAMETER: &str = "__param_";
pub(super) const INSTANCE: &str = "instance";
pub(super) const JOB: &str = "job";

/// A target, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) url: TargetUrl,
    /// Those of all of its series.
    pub(super) labels: Labels,
}

/// What all targets of a source have in common.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TargetDefaults {
    pub(super) job: String,
    pub(super) scheme: Scheme,
    /// Without a query.
    pub(super) path: String,
    /// Each name with its values.
    pub(super) parameters: Vec<(String, Vec<String>)>,
    pub(super) rules: Vec<Rule>,
}

impl TargetDefaults {
    /// The target with its labels after the rules; `None` if they drop it.
    ///
    /// # Errors
    /// If the rules make an address of it that is none.
    pub(super) fn target(&self, written: &WrittenTarget, labels: &Labels) -> Result<Option<Target>, String> {
        let scheme = written.scheme.unwrap_or(self.scheme).to_string();
        let (path, query) = match &written.path {
            Some(path) => path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query))),
            None => (self.path.as_str(), None),
        };
        let mut all = Labels::new();
        let texts = [(JOB, &*self.job), (ADDRESS, &*written.authority), (SCHEME, &*scheme), (PATH, path)];
        all.extend(texts.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if query.is_none() {
            // Rules see the first value, as in Prometheus.
            let first =
                |(name, values): &(String, Vec<String>)| Some((format!("{PARAMETER}{name}"), values.first()?.clone()));
            all.extend(self.parameters.iter().filter_map(first));
        }
        all.extend(labels.clone());
        if !relabel::apply(&self.rules, &mut all) {
            return Ok(None);
        }
        let text = |name: &str| all.get(name).cloned().unwrap_or_default();
        let address = text(ADDRESS);
        let scheme = SCHEMES.iter().find(|(name, _)| *name == text(SCHEME)).map(|(_, scheme)| *scheme);
        let scheme = scheme.ok_or_else(|| format!("{SCHEME} must be http or https, found {:?}", text(SCHEME)))?;
        let of_labels = all.iter().filter_map(|(name, value)| Some((name.strip_prefix(PARAMETER)?, value.as_str())));
        let further = self
            .parameters
            .iter()
            .filter(|_| query.is_none())
            .flat_map(|(name, values)| values.iter().skip(1).map(move |value| (name.as_str(), value.as_str())));
        let query = query.map_or_else(|| encoded(of_labels.chain(further)), str::to_owned);
        let mut path = text(PATH);
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        let url = WrittenTarget { authority: address.clone(), ..WrittenTarget::default() }.url(scheme, &path)?;
        all.entry(INSTANCE.to_owned()).or_insert(address);
        all.retain(|name, value| !name.starts_with("__") && !value.is_empty());
        Ok(Some(Target { url, labels: all }))
    }
}

/// The parameters of a query. Whatever is neither a letter nor a digit is escaped.
pub(super) fn encoded<'p>(parameters: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let escaped = |text: &str| {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    let parameters: Vec<String> =
        parameters.map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    parameters.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(rules: &str) -> TargetDefaults {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            rule: Vec<Rule>,
        }
        let rules = toml::from_str::<File>(rules).expect("valid").rule;
        let parameters = vec![("collect[]".to_owned(), vec!["cpu x".to_owned(), "disk".to_owned()])];
        TargetDefaults { job: "node".into(), scheme: Scheme::Http, path: "/metrics".into(), parameters, rules }
    }

    /// The address and the labels.
    fn target(rules: &str, written: &str, labels: &[(&str, &str)]) -> Option<(String, String)> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let written = WrittenTarget::parse(written).expect("valid");
        let target = defaults(rules).target(&written, &labels).expect("an address")?;
        let labels: Vec<String> = target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some((target.url.to_string(), labels.join(" ")))
    }

    #[test]
    fn a_target_has_its_job_and_its_instance() {
        let (url, labels) = target("", "a:1", &[("env", "lab"), ("empty", "")]).expect("kept");
        assert_eq!(url, "http://a:1/metrics?collect%5B%5D=cpu%20x&collect%5B%5D=disk");
        assert_eq!(labels, "env=lab instance=a:1 job=node");
        let (url, labels) = target("", "https://a/x?y=1", &[("instance", "b"), ("job", "c")]).expect("kept");
        assert_eq!((&*url, &*labels), ("https://a/x?y=1", "instance=b job=c"));
    }

    #[test]
    fn rules_change_where_a_target_is_and_drop_it() {
        let rule = "[[rule]]\nsource_labels = [\"env\"]\nregex = \"(.+)\"\ntarget_label = \"__address__\"\nreplacement = \"$1:2\"\n\
                    [[rule]]\ntarget_label = \"__metrics_path__\"\nreplacement = \"/x\"\n\
                    [[rule]]\naction = \"drop\"\nsource_labels = [\"env\"]\nregex = \"off\"";
        let (url, labels) = target(rule, "a:1", &[("env", "lab"), ("__scheme__", "https")]).expect("kept");
        assert_eq!(url, "https://lab:2/x?collect%5B%5D=cpu%20x&collect%5B%5D=disk");
        assert_eq!(labels, "env=lab instance=lab:2 job=node");
        assert_eq!(target(rule, "a:1", &[("env", "off")]), None);
    }

    #[test]
    fn a_rule_that_makes_no_address_is_an_error() {
        let rules = "[[rule]]\ntarget_label = \"__address__\"\nreplacement = \"a b\"";
        let written = WrittenTarget::parse("a:1").expect("valid");
        assert!(defaults(rules).target(&written, &Labels::new()).is_err());
    }
}
