//! Why a certificate cannot be shown.

/// What is wrong with the two files, in words that name them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// With the file, and why.
    #[error("{0}")]
    Unreadable(String),
    #[error("{0} holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate(String),
    #[error(
        "{0} holds no private key in PEM that can be read without a passphrase (`-----BEGIN PRIVATE KEY-----`)"
    )]
    NoKey(String),
    #[error("the key in {key} is not that of the certificate in {chain}")]
    OtherKey { chain: String, key: String },
    #[error("{0} cannot be used: {1}")]
    Unusable(String, String),
}
