//! TLS in front of a server, with certificates of an authority of its own.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
};
use tokio_util::sync::CancellationToken;

use super::PATIENCE;

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

    /// A certificate for these names, and its key, in PEM.
    pub fn pem(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// A connection from another address of loopback that begins a handshake and goes no further.
    pub fn stall(&self, from: [u8; 4], address: &str, name: &str) -> std::net::TcpStream {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from((from, 0))).unwrap();
        connect(&socket, &address.parse::<SocketAddr>().unwrap()).unwrap();
        let mut stream = std::net::TcpStream::from(socket);
        self.client(name).write_tls(&mut stream).unwrap();
        stream
    }

    /// A connection over TLS to whoever is at this address and proves to be `name`.
    pub fn connect(
        &self,
        address: &str,
        name: &str,
    ) -> io::Result<impl Read + Write + Send + use<>> {
        let client = self.client(name);
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = StreamOwned::new(client, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    fn client(&self, name: &str) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        ClientConnection::new(Arc::new(config), name).unwrap()
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
