use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Activity, Connections, HEAD_WITHIN, IDLE_FOR, LINGER_BYTES, LINGER_FOR, Watched};

/// An HTTP connection whose requests are answered at once, unread. The task ends with it, and tells
/// whether it ended by itself.
fn serve(connections: &Arc<Connections>) -> (DuplexStream, JoinSet<bool>) {
    let (client, server) = tokio::io::duplex(16 * 1024);
    let (place, activity, _) = connections.enter(1000).unwrap();
    let stream = TokioIo::new(Watched::new(server, activity.clone(), place));
    let service = {
        let activity = activity.clone();
        service_fn(move |request: Request<Incoming>| {
            let running = activity.begin();
            if request.headers().contains_key("content-length") {
                activity.leaves_unread();
            }
            async move {
                drop(running);
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        })
    };
    let mut task = JoinSet::new();
    task.spawn(async move {
        let connection = http1::Builder::new().serve_connection(stream, service);
        activity.until_silent(connection).await.is_some()
    });
    (client, task)
}

/// Whether the connection ended by itself, once it has ended.
async fn ended(mut task: JoinSet<bool>) -> bool {
    task.join_next().await.unwrap().unwrap()
}

async fn answer(client: &mut DuplexStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_off() {
    let connections = Arc::default();
    let (mut client, task) = serve(&connections);
    let began = Instant::now();
    while client.write_all(b"GET / HTTP/1.1\r\nX: ".get(..1).unwrap()).await.is_ok() {
        tokio::time::sleep(HEAD_WITHIN / 10).await;
    }
    assert!(!ended(task).await);
    let took = began.elapsed();
    assert!(took >= HEAD_WITHIN && took < HEAD_WITHIN * 2, "{took:?}");
    assert_eq!(connections.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_head_begins_anew_with_each_request() {
    let (mut client, mut task) = serve(&Arc::default());
    for _ in 0..5 {
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        tokio::time::sleep(HEAD_WITHIN * 2 / 3).await;
        client.write_all(b"Host: x\r\n\r\n").await.unwrap();
        assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(IDLE_FOR * 2 / 3).await;
    }
    assert!(task.try_join_next().is_none());
    let began = Instant::now();
    assert!(!ended(task).await, "it was idle for too long");
    assert!(began.elapsed() <= IDLE_FOR);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let (client, task) = serve(&Arc::default());
    let began = Instant::now();
    assert!(!ended(task).await);
    assert_eq!(began.elapsed().as_secs(), IDLE_FOR.as_secs());
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_runs_has_no_limit_and_neither_has_a_link() {
    for is_link in [false, true] {
        let activity = Arc::new(Activity::new());
        let running = (!is_link).then(|| activity.begin());
        if is_link {
            activity.becomes_link();
        }
        let hour = tokio::time::sleep(IDLE_FOR * 12);
        assert!(activity.until_silent(hour).await.is_some());
        drop(running);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_for_longest_gives_way() {
    let connections: Arc<Connections> = Arc::default();
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(connections.enter(4).unwrap());
        tokio::time::advance(HEAD_WITHIN).await;
    }
    // The oldest runs a request; the second has just ended one; the third is idle for longest.
    let running = open[0].1.begin();
    drop(open[1].1.begin());
    let (_newest, newest, evicted) = connections.enter(4).unwrap();
    assert!(evicted);
    let told = |activity: &Activity| {
        let mut closing = std::pin::pin!(activity.closing.notified());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        closing.as_mut().poll(&mut cx).is_ready()
    };
    let closed: Vec<bool> = open.iter().map(|(_, activity, _)| told(activity)).collect();
    assert_eq!(closed, [false, false, true, false]);
    assert_eq!(connections.len(), 4);
    let more = [open[1].1.begin(), open[3].1.begin()];
    // With three allowed and four open, only the newest is idle, and whoever comes for it.
    let (_next, _, evicted) = connections.enter(3).unwrap();
    assert!(evicted && told(&newest) && connections.len() == 4);
    drop((running, more, open));
    assert_eq!(connections.len(), 1, "the last one holds its place");
}

#[tokio::test(start_paused = true)]
async fn who_never_asked_gives_way_before_who_did() {
    let connections: Arc<Connections> = Arc::default();
    let (_client, asked, _) = connections.enter(2).unwrap();
    drop(asked.begin());
    for _ in 0..100 {
        tokio::time::advance(HEAD_WITHIN).await;
        let (_place, _, _) = connections.enter(2).unwrap();
    }
    let (_idle, idle, _) = connections.enter(2).unwrap();
    assert!(connections.enter(2).is_some_and(|(.., evicted)| evicted));
    idle.closing.notified().await;
    assert!(asked.lock().idle_since().is_some() && connections.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn with_nothing_idle_a_new_one_finds_no_place() {
    let connections: Arc<Connections> = Arc::default();
    let (_place, activity, _) = connections.enter(1).unwrap();
    let running = activity.begin();
    assert!(connections.enter(1).is_none());
    drop(running);
    assert!(connections.enter(1).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_refused_client_still_sends_is_read_for_a_moment() {
    // As much as there may be: it reads the answer at the end, and nothing breaks.
    let (mut client, task) = serve(&Arc::default());
    let head =
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n";
    client.write_all(head).await.unwrap();
    client.write_all(&vec![b'x'; 9_000_000]).await.unwrap();
    assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
    drop(client);
    assert!(ended(task).await);

    // Endlessly: by bytes.
    let (mut client, task) = serve(&Arc::default());
    client.write_all(&head[..]).await.unwrap();
    let mut sent = 0;
    while client.write_all(&[b'x'; 16 * 1024]).await.is_ok() {
        sent += 16 * 1024;
    }
    assert!((LINGER_BYTES / 2..LINGER_BYTES * 2).contains(&sent), "{sent}");
    assert!(ended(task).await);

    // Slowly: by time.
    let (mut client, task) = serve(&Arc::default());
    client.write_all(head).await.unwrap();
    let began = Instant::now();
    while client.write_all(b"x").await.is_ok() {
        tokio::time::sleep(LINGER_FOR / 10).await;
    }
    assert!(began.elapsed() < LINGER_FOR * 2, "{:?}", began.elapsed());
    assert!(ended(task).await);
}
