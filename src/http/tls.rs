//! Why no connection over TLS came about, in words that help.

use std::error::Error;
use std::io;

use hyper_rustls::ConfigBuilderExt;
use rustls::crypto::ring::default_provider;
use rustls::{CertificateError as Wrong, ClientConfig, RootCertStore};

/// Trusts whom this machine trusts. `Err`: no certificates of authorities are found on it.
pub fn config() -> io::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_native_roots()?.with_no_client_auth())
}

/// Trusts nobody: for connections that only come about without TLS.
pub(super) fn config_of_nobody() -> io::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// What is wrong, if that is TLS.
pub fn reason(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(of(error));
        }
        // What is in an error of I/O is not its source, but that error itself.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn of(error: &rustls::Error) -> String {
    let wrong = match error {
        rustls::Error::InvalidCertificate(wrong) => wrong,
        rustls::Error::InvalidMessage(_) => {
            return "what answers there does not speak TLS; begin its `url` with http:// if that is right".to_owned();
        }
        other => return format!("TLS: {other}"),
    };
    match wrong {
        Wrong::UnknownIssuer => {
            "nobody whom this machine trusts vouches for its certificate; add its authority to the certificates of this machine if that is right".to_owned()
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        Wrong::Expired | Wrong::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is the clock right?".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}
