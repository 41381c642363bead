//! A token as it is sent.

use hyper::header::HeaderValue;

use super::error::CredentialError;
use crate::base::Secret;

/// The header for this token (RFC 6750, section 2.1). The error does not show it.
pub(super) fn bearer(token: &Secret) -> Result<HeaderValue, CredentialError> {
    let text = Secret::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(text.expose()).map_err(|_| CredentialError::NoHeader)?;
    value.set_sensitive(true);
    Ok(value)
}
