//! The proxies whose reports about a request are believed.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use thiserror::Error;

/// Addresses and networks of reverse proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<TrustedProxy>);

/// An address, or a network such as `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedProxy(IpNet);

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustedProxyError {
    #[error("a trusted proxy must be an address or a network, such as 127.0.0.1 or 10.1.0.0/16, found {0:?}")]
    NotANetwork(String),
    /// Every client could then claim any address and host.
    #[error(
        "a trusted proxy must be an address or a network, found {0}, which contains all addresses: name the proxy's"
    )]
    Everyone(String),
}

impl TrustedProxies {
    pub fn new(proxies: Vec<TrustedProxy>) -> Self {
        Self(proxies)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        // On a socket for both families, the system shows IPv4 peers as IPv6 addresses.
        let address = address.to_canonical();
        self.0.iter().any(|TrustedProxy(network)| network.contains(&address))
    }
}

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<Self, TrustedProxyError> {
        let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        let Ok(network) = address.or_else(|_| text.parse::<IpNet>()) else {
            return Err(TrustedProxyError::NotANetwork(text.to_owned()));
        };
        if network.prefix_len() == 0 {
            return Err(TrustedProxyError::Everyone(text.to_owned()));
        }
        Ok(Self(network))
    }
}

impl TryFrom<String> for TrustedProxy {
    type Error = TrustedProxyError;

    fn try_from(text: String) -> Result<Self, TrustedProxyError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_contain_their_members_in_both_forms() {
        let proxies = ["127.0.0.1", "10.1.0.0/16", "2001:db8::/32", "::ffff:192.0.2.7"];
        let proxies = TrustedProxies::new(proxies.iter().map(|text| text.parse().expect("valid")).collect());
        for inside in ["127.0.0.1", "::ffff:127.0.0.1", "10.1.255.255", "2001:db8:1::1", "192.0.2.7"] {
            assert!(proxies.contains(inside.parse().expect("an address")), "{inside}");
        }
        for outside in ["127.0.0.2", "10.2.0.0", "2001:db9::1", "::1", "192.0.2.8"] {
            assert!(!proxies.contains(outside.parse().expect("an address")), "{outside}");
        }
        assert!(!TrustedProxies::default().contains(IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn names_and_networks_of_all_addresses_are_refused() {
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "127.0.0.1:80"] {
            let error = wrong.parse::<TrustedProxy>().expect_err("refused").to_string();
            assert!(error.ends_with(&format!("such as 127.0.0.1 or 10.1.0.0/16, found {wrong:?}")), "{error}");
        }
        for everyone in ["0.0.0.0/0", "::/0"] {
            let error = everyone.parse::<TrustedProxy>().expect_err("refused").to_string();
            assert!(error.contains("which contains all addresses"), "{error}");
        }
    }
}
