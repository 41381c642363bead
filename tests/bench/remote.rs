//! A server that is reached over streamable HTTP, as fast as one can be, and a bare forwarder to it.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::echo::Echo;

/// Listens on `address` with `tools` tools.
pub fn run(address: &str, tools: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let echo = std::rc::Rc::new(Echo::new(tools));
        let listener = TcpListener::bind(address).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let echo = echo.clone();
            tokio::task::spawn_local(async move { connection(stream, &echo).await });
        }
    });
}

/// Listens on `address` and passes on to the server at `to` whatever comes, and back, over a connection
/// of each client's own: what any program between must do at least.
pub fn hop(address: &str, to: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(address).await.unwrap();
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(to).await.unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            tokio::task::spawn_local(async move {
                let (mut client, mut server) = (client, server);
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
}

async fn connection(mut stream: TcpStream, echo: &Echo) -> Option<()> {
    let mut buffer = BytesMut::with_capacity(8192);
    loop {
        let (is_post, body) = request(&mut stream, &mut buffer).await?;
        let answer = echo.answer(&body).filter(|_| is_post);
        let head = match &answer {
            Some(answer) => {
                let length = answer.len();
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
                )
            }
            None if is_post => "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned(),
            None => "HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        let answer = answer.unwrap_or_default();
        stream.write_all(&[head.as_bytes(), &answer].concat()).await.ok()?;
    }
}

/// Whether it is a POST, and its body; `None` once nobody asks any more.
async fn request(stream: &mut TcpStream, buffer: &mut BytesMut) -> Option<(bool, Bytes)> {
    loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length: usize =
                length.map_or(Some(0), |rest| rest.split("\r\n").next()?.parse().ok())?;
            while buffer.len() < end + 4 + length {
                if stream.read_buf(buffer).await.ok()? == 0 {
                    return None;
                }
            }
            let mut whole = buffer.split_to(end + 4 + length).freeze();
            return Some((head.starts_with("post"), whole.split_off(end + 4)));
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
