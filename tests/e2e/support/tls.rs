//! TLS in front of a server, with certificates of an authority of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_util::sync::CancellationToken;

/// An authority that some machines trust.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, in PEM.
    pub pem: String,
}

impl Authority {
    /// `name`: what it calls itself.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// What a server needs that is called so.
    fn certify(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }
}

/// The way over TLS; it ends when dropped.
pub struct Tls {
    pub address: SocketAddr,
    over: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Tls {
    /// Leads to `to`, under a name that the authority certifies.
    pub fn start(authority: &Authority, name: &str, to: SocketAddr) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(authority.certify(name)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let over = CancellationToken::new();
        let until = over.clone();
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::task::spawn_local(async move {
                    // Who does not trust the certificate leaves.
                    let mut client = acceptor.accept(stream).await.ok()?;
                    let mut server = TcpStream::connect(to).await.ok()?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok()
                });
            }
        };
        let thread = std::thread::spawn(move || {
            let all = tokio::task::LocalSet::new();
            all.block_on(&runtime, async { until.run_until_cancelled(accept).await });
        });
        Self { address, over, thread: Some(thread) }
    }

    /// Its address under this name.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/mcp", self.address.port())
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.over.cancel();
        self.thread.take().unwrap().join().unwrap();
    }
}
