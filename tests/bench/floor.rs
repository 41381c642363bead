//! The floor: a bare single-threaded forwarder from HTTP to stdio servers, which takes turns with them
//! and has no feature at all.
//!
//! It reads just enough of HTTP and of a message to find its end and its id, gives every request
//! an id of its own, and writes the answer back. No check, no session, no limit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::Stdio;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

#[derive(Default)]
struct Shared {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Bytes>>,
    queue: BytesMut,
}

/// One of the servers.
#[derive(Clone)]
struct Server {
    shared: Rc<RefCell<Shared>>,
    wake: Rc<Notify>,
}

/// Listens on `address` in front of as many servers as are wanted, all started by `command`.
pub fn run(address: &str, servers: usize, command: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, serve(address, servers, command));
}

async fn serve(address: &str, servers: usize, command: &[String]) {
    let servers: Rc<[Server]> = (0..servers).map(|_| start(command)).collect();
    let listener = TcpListener::bind(address).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::task::spawn_local(connection(stream, servers.clone()));
    }
}

#[expect(clippy::zombie_processes, reason = "the forwarder ends with its servers")]
fn start(command: &[String]) -> Server {
    let mut child = std::process::Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let shared = Rc::new(RefCell::new(Shared::default()));
    let wake = Rc::new(Notify::new());
    let stdin =
        tokio::net::unix::pipe::Sender::from_owned_fd(child.stdin.take().unwrap().into()).unwrap();
    let stdout =
        tokio::net::unix::pipe::Receiver::from_owned_fd(child.stdout.take().unwrap().into())
            .unwrap();
    tokio::task::spawn_local(write(stdin, shared.clone(), wake.clone()));
    tokio::task::spawn_local(read(stdout, shared.clone()));
    Server { shared, wake }
}

async fn write(
    mut stdin: tokio::net::unix::pipe::Sender,
    shared: Rc<RefCell<Shared>>,
    wake: Rc<Notify>,
) {
    loop {
        let batch = shared.borrow_mut().queue.split();
        if batch.is_empty() {
            wake.notified().await;
        } else {
            stdin.write_all(&batch).await.unwrap();
        }
    }
}

async fn read(mut stdout: tokio::net::unix::pipe::Receiver, shared: Rc<RefCell<Shared>>) {
    let mut buffer = BytesMut::with_capacity(1 << 16);
    let mut searched = 0;
    loop {
        if stdout.read_buf(&mut buffer).await.unwrap() == 0 {
            return;
        }
        while let Some(end) = memchr::memchr(b'\n', &buffer[searched..]) {
            let line = buffer.split_to(searched + end + 1).freeze();
            searched = 0;
            if let Some((at, id)) = id(&line) {
                let waiting = shared.borrow_mut().waiting.remove(&id);
                if let Some(waiting) = waiting {
                    drop(waiting.send(line.slice(at..line.len() - 1)));
                }
            }
        }
        searched = buffer.len();
        if buffer.capacity() - buffer.len() < 8192 {
            let more = buffer.len().max(1 << 16);
            buffer.reserve(more);
        }
    }
}

/// Where the text behind the id begins, and the id.
fn id(line: &[u8]) -> Option<(usize, u64)> {
    let at = memchr::memmem::find(line, b"\"id\":")? + 5;
    let end = at + line[at..].iter().position(|byte| !byte.is_ascii_digit())?;
    Some((end, std::str::from_utf8(&line[at..end]).ok()?.parse().ok()?))
}

async fn connection(mut stream: TcpStream, servers: Rc<[Server]>) {
    let mut buffer = BytesMut::with_capacity(8192);
    for Server { shared, wake } in servers.iter().cycle() {
        let Some(body) = request(&mut stream, &mut buffer).await else { return };
        let Some((rest, client_id)) = id(&body) else {
            let accepted = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(accepted).await.is_err() {
                return;
            }
            continue;
        };
        let (sender, answer) = oneshot::channel();
        {
            let mut shared = shared.borrow_mut();
            shared.last += 1;
            let own = shared.last;
            shared.waiting.insert(own, sender);
            let at = memchr::memmem::find(&body, b"\"id\":").unwrap() + 5;
            shared.queue.extend_from_slice(&body[..at]);
            shared.queue.extend_from_slice(own.to_string().as_bytes());
            shared.queue.extend_from_slice(&body[rest..]);
            shared.queue.extend_from_slice(b"\n");
        }
        wake.notify_one();
        let Ok(answer) = answer.await else { return };
        let start = format!("{{\"jsonrpc\":\"2.0\",\"id\":{client_id}");
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{start}",
            start.len() + answer.len()
        );
        let sent = if answer.len() < 16384 {
            stream.write_all(&[head.as_bytes(), &answer].concat()).await
        } else {
            let mut parts =
                [std::io::IoSlice::new(head.as_bytes()), std::io::IoSlice::new(&answer)];
            write_parts(&mut stream, &mut parts).await
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn write_parts(
    stream: &mut TcpStream,
    mut parts: &mut [std::io::IoSlice<'_>],
) -> std::io::Result<()> {
    while !parts.is_empty() {
        let count = stream.write_vectored(parts).await?;
        std::io::IoSlice::advance_slices(&mut parts, count);
    }
    Ok(())
}

async fn request(stream: &mut TcpStream, buffer: &mut BytesMut) -> Option<Bytes> {
    loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
            let length: usize =
                head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
            while buffer.len() < end + 4 + length {
                if stream.read_buf(buffer).await.ok()? == 0 {
                    return None;
                }
            }
            let mut whole = buffer.split_to(end + 4 + length).freeze();
            return Some(whole.split_off(end + 4));
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
