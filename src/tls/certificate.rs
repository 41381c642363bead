//! A certificate with its key, ready for connections.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{InconsistentKeys, ServerConfig};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::CertificateError as Wrong;
use super::validity;
use crate::base::file;

/// The largest file of either kind, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// A certificate with its key. Two are equal if their files have the same content.
#[derive(Clone)]
pub struct Certificate {
    server: Arc<ServerConfig>,
    /// The SHA-256 of both files.
    digest: [u8; 32],
    ends: Option<SystemTime>,
}

impl Certificate {
    /// Reads the certificate, with those that vouch for it behind it, and its key.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, Wrong> {
        let read = |path: &Path| {
            let bytes = file::read(path, FILE_MAX).map(Zeroizing::new);
            bytes.map_err(|error| Wrong::Unreadable(error.to_string()))
        };
        match (read(chain), read(key)) {
            (Ok(chain_text), Ok(key_text)) => Self::of(&chain_text, &key_text, chain, key),
            (Err(one), Err(other)) => Err(Wrong::Unreadable(format!("{one}; {other}"))),
            (Err(wrong), Ok(_)) | (Ok(_), Err(wrong)) => Err(wrong),
        }
    }

    /// The same of their content.
    fn of(chain: &[u8], key: &[u8], chain_at: &Path, key_at: &Path) -> Result<Self, Wrong> {
        let [chain_name, key_name] = [chain_at, key_at].map(|path| path.display().to_string());
        let digest = Sha256::new().chain_update(Sha256::digest(chain)).chain_update(key);
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| Wrong::NoCertificate(chain_name.clone()))?;
        let Some(first) = certificates.first() else {
            return Err(Wrong::NoCertificate(chain_name));
        };
        let ends = validity::end(first);
        let private =
            PrivateKeyDer::from_pem_slice(key).map_err(|_| Wrong::NoKey(key_name.clone()))?;
        let mut server = ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(certificates, private)
            })
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    Wrong::OtherKey { chain: chain_name.clone(), key: key_name }
                }
                other => Wrong::Unusable(chain_name.clone(), other.to_string()),
            })?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { server: Arc::new(server), digest: digest.finalize().into(), ends })
    }

    /// What connections are accepted with.
    pub fn server(&self) -> &Arc<ServerConfig> {
        &self.server
    }

    /// From when on nobody takes it any more, as far as it can be read.
    pub fn ends(&self) -> Option<SystemTime> {
        self.ends
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("ends", &self.ends).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Certificate, Wrong};
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    /// A certificate that ends with the year `year`, and its key.
    fn pair(year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["mux.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn read(chain: &str, key: &str) -> Result<Certificate, Wrong> {
        let [chain_at, key_at] = ["/c.pem", "/k.pem"].map(Path::new);
        Certificate::of(chain.as_bytes(), key.as_bytes(), chain_at, key_at)
    }

    #[test]
    fn two_files_are_one_certificate() {
        let (chain, key) = pair(2040);
        let (other_chain, other_key) = pair(2060);
        let certificate = read(&chain, &key).unwrap();
        assert_eq!(certificate, read(&chain, &key).unwrap());
        assert_ne!(certificate, read(&other_chain, &other_key).unwrap());
        assert!(!format!("{certificate:?}").contains("PRIVATE"));
        // Both forms in which certificates have their times (RFC 5280, section 4.1.2.5).
        for (year, certificate) in
            [(2040, certificate), (2060, read(&other_chain, &other_key).unwrap())]
        {
            let at = u64::try_from(date_time_ymd(year, 1, 1).unix_timestamp()).unwrap();
            assert_eq!(certificate.ends(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(at)));
        }
        // In one file, as some programs write them.
        let both = format!("{key}{chain}");
        assert!(read(&both, &both).is_ok());
    }

    #[test]
    fn what_is_wrong_names_the_file() {
        let ((chain, key), (_, other)) = (pair(2040), pair(2040));
        for (chain, key, words) in [
            (
                chain.as_str(),
                other.as_str(),
                "the key in /k.pem is not that of the certificate in /c.pem",
            ),
            (&chain, &chain, "/k.pem holds no private key"),
            (&key, &key, "/c.pem holds no certificate"),
            ("", &key, "/c.pem holds no certificate"),
            (&chain, "", "/k.pem holds no private key"),
            (
                "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
                &key,
                "/c.pem holds no",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                &key,
                "/c.pem cannot be used",
            ),
        ] {
            let wrong = read(chain, key).unwrap_err().to_string();
            assert!(wrong.starts_with(words), "{wrong}");
        }
        let nowhere =
            Certificate::read(Path::new("/no/c.pem"), Path::new("/no/k.pem")).unwrap_err();
        assert!(nowhere.to_string().contains("/no/c.pem"), "{nowhere}");
    }
}
