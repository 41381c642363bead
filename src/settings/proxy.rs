//! Through whom servers are reached over HTTP.

use crate::base::Secret;

/// `proxy` and `no_proxy`, of which the former a server may have of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proxying {
    pub choice: ProxyChoice,
    /// Who is reached without one: hosts with all below them, addresses, networks, each perhaps with a
    /// port, or `*`.
    pub except: Vec<String>,
}

/// Which proxy is meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ProxyChoice {
    /// The one that our environment names, if it names one.
    #[default]
    Environment,
    None,
    /// `http://…` or `https://…`, perhaps with user and password.
    At(Secret),
}
