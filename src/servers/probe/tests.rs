use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;

use super::{Probe, StartFailure, probe};
use crate::base::{Secret, ServerName};
use crate::servers::error::Step;
use crate::settings::{ServerConfig, sample};
use crate::wire::{Era, ListKind};

/// A legacy server of a few lines, which writes what it was told into the file.
const LINES: &str = r#"
read -r line; echo "$line" > "$0"
echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"few","version":"1"}}}'
read -r line; read -r line
echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}}'
cat > /dev/null; echo over >> "$0"
"#;

fn of(config: ServerConfig) -> Probe {
    let (server, config) = (ServerName::parse("s").unwrap(), Arc::new(config));
    Probe { server, config, name: "test", first: Some(Era::Legacy) }
}

#[tokio::test]
async fn a_program_is_looked_at_and_ended() {
    let dir = tempfile::tempdir().unwrap();
    let said = dir.path().join("said");
    let words = ["sh", "-c", LINES, said.to_str().unwrap()];
    let (identity, offer) = probe(of(sample::server(&words))).await.unwrap();
    assert_eq!((identity.era, identity.name.as_str()), (Era::Legacy, "few"));
    assert_eq!(&*offer.list(ListKind::Tools).items[0].name, "a");
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains(r#""clientInfo":{"name":"test""#) && said.ends_with("over\n"), "{said}");
}

async fn fails(config: ServerConfig) -> StartFailure {
    probe(of(config)).await.unwrap_err()
}

#[tokio::test]
async fn a_failure_says_how_far_it_came() {
    let failure = fails(sample::server(&["no-such-command"])).await;
    assert_eq!(failure.step, Step::Process, "{failure}");
    assert!(failure.to_string().contains("no-such-command"), "{failure}");
    let failure = fails(sample::server(&["sh", "-c", "echo why >&2; exit 3"])).await;
    assert_eq!(failure.step, Step::Handshake, "{failure}");
    assert!(failure.to_string().contains("why"), "{failure}");

    let mut silent = sample::server(&["tail", "-f", "/dev/null"]);
    silent.supervision.start_timeout = Duration::from_millis(50);
    silent.supervision.stop_timeout = Duration::ZERO;
    let failure = fails(silent).await;
    assert_eq!(failure.step, Step::Time, "{failure}");

    // It is bound and does not listen: nobody does.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut remote = sample::server(&[""]);
    let url = format!("http://{}/mcp", nobody.local_addr().unwrap());
    remote.remote.url = Some(Secret::new(url));
    let failure = fails(remote.clone()).await;
    assert_eq!(failure.step, Step::Reach, "{failure}");
    remote.remote.headers.insert("a b".to_owned(), Secret::new(String::new()));
    let failure = fails(remote).await;
    assert_eq!(failure.step, Step::Config, "{failure}");
    assert!(failure.is_hopeless());
}
