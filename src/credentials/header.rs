//! A token as it is sent.

use hyper::header::HeaderValue;

use crate::base::Secret;

/// The header for this token (RFC 6750, section 2.1). The error does not show it.
pub(super) fn bearer(token: &Secret) -> Result<HeaderValue, String> {
    let text = Secret::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(text.expose())
        .map_err(|_| "its token is no text that a header can hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
