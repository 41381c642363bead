//! `[http]`: where the daemon listens, and what it shows there.

use std::path::PathBuf;

use crate::base::quote::word;
use crate::base::{dirs, file};
use crate::keys;
use crate::keys::reference::Sources;
use crate::keys::section::Section;
use crate::settings::complaint::{Complaint, Place};
use crate::settings::config::Config;
use crate::settings::network::Listen;
use crate::tls::Certificate;

/// `config` has its `[access]` already. Returns what was referred to in vain.
pub(super) fn read(
    mut section: Section<'_>,
    config: &mut Config,
    sources: &Sources,
) -> Vec<Complaint> {
    for row in keys::HTTP_ROWS {
        row.read(&mut section, &mut config.http);
    }
    config.http.tls = certificate(&mut section, sources);
    for (text, at) in section.plain_texts("listen").unwrap_or_default() {
        let Some(listen) = Listen::parse(&text) else {
            let message = format!("`{text}` is no address; write for example \"127.0.0.1:4860\"");
            section.complain(at, "listen", message);
            continue;
        };
        // A certificate that cannot be used today, or a token that was taken back, must not keep the
        // rest of the config from being in force: such a listener is not opened, or serves nobody.
        match config.missing_secrecy(listen).filter(|missing| !missing.may_pass()) {
            Some(missing) => section.complain(at, "listen", format!("`{text}`: {missing}")),
            None => config.http.listen.push(listen),
        }
    }
    section.finish()
}

/// The certificate, or what is wrong with it, if one is named.
fn certificate(
    section: &mut Section<'_>,
    sources: &Sources,
) -> Option<Result<Certificate, Complaint>> {
    for (name, other) in [("tls_cert", "tls_key"), ("tls_key", "tls_cert")] {
        if section.has(name) && !section.has(other) {
            section.complain(section.place(name), name, format!("goes with `http.{other}`"));
        }
    }
    let (chain, key) = (path(section, "tls_cert", sources), path(section, "tls_key", sources));
    let ((chain, at), (key, _)) = (chain?, key?);
    if cfg!(fuzzing) {
        return None;
    }
    sources.consulted.borrow_mut().extend([chain.clone(), key.clone()]);
    if file::is_public(&key) {
        let message = format!("every user may read this key; `chmod o-r {}`", word(&key));
        sources.remarks.borrow_mut().push(Complaint::of_file(&key, &message));
    }
    let found = Certificate::read(&chain, &key).map_err(|wrong| Complaint {
        at,
        key: "http.tls_cert".to_owned(),
        message: wrong.to_string(),
    });
    sources.remarks.borrow_mut().extend(found.as_ref().err().cloned());
    Some(found)
}

fn path(section: &mut Section<'_>, name: &str, sources: &Sources) -> Option<(PathBuf, Place)> {
    let (text, at) = section.text(name)?;
    if text.is_empty() {
        section.complain(at, name, "is empty; name a file in PEM");
        return None;
    }
    Some((sources.base.join(dirs::expand_home(&text)), at))
}
