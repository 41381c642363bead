//! What it costs to come in, and what it costs others that somebody does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Effort;
use super::drive::{Session, Way};
use super::measure::{block_on, call, median, micros, run};
use super::report::{Figure, Goal};
use super::subject::Subject;

/// Connections of one round.
const CONNECTIONS: u32 = 200;
/// How often somebody else connects.
const EVERY: Duration = Duration::from_millis(20);

pub fn measure(effort: Effort, figures: &mut Vec<Figure>) {
    let (floor, mux) = (Subject::floor(5), Subject::callmux(1, 5));
    let (mut unix, mut tcp, mut floors, mut muxes) = (vec![], vec![], vec![], vec![]);
    for _ in 0..effort.rounds {
        unix.push(connections(&mux.unix()));
        tcp.push(connections(&mux.way));
        floors.push(greetings(&floor.way));
        muxes.push(greetings(&mux.way));
    }
    let what = "a connection with one request";
    figures.push(Figure::new(what.into(), "socket", median(unix), "µs", Goal::None));
    figures.push(Figure::new(what.into(), "tcp", median(tcp), "µs", Goal::RatioAtMost(2.0)));
    let what = "set-up of a session";
    figures.push(Figure::new(what.into(), "floor", median(floors), "µs", Goal::None));
    figures.push(Figure::new(what.into(), "tcp", median(muxes), "µs", Goal::RatioAtMost(3.0)));
    beside_others(&mux, effort, figures);
}

/// A session while somebody else opens 50 connections a second: another user, where only root can
/// play one.
fn beside_others(mux: &Subject, effort: Effort, figures: &mut Vec<Figure>) {
    let Way::Tcp(address) = &mux.way else { panic!("it is reached by TCP") };
    let address: SocketAddr = address.parse().unwrap();
    let p99 = || micros(run(&mux.way, &call(mux.tool), 1, effort.window).quantile(0.99));
    let (mut quiet, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        quiet.push(p99());
        let is_over = Arc::new(AtomicBool::new(false));
        let knocking = std::thread::spawn({
            let is_over = is_over.clone();
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    knock(address);
                    std::thread::park_timeout(EVERY);
                }
            }
        });
        beside.push(p99());
        is_over.store(true, Ordering::Relaxed);
        knocking.join().unwrap();
    }
    let what = "p99 beside 50 connections a second";
    figures.push(Figure::new(what.into(), "quiet", median(quiet), "µs", Goal::None));
    figures.push(Figure::new(what.into(), "tcp", median(beside), "µs", Goal::RatioAtMost(1.5)));
}

fn knock(address: SocketAddr) {
    use rustix::net::{AddressFamily, SocketType};
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    drop(std::os::unix::fs::fchown(&socket, Some(4711), None));
    _ = rustix::net::connect(&socket, &address);
    // Until it is closed, or for a moment where it is ours.
    let mut stream = TcpStream::from(socket);
    drop(stream.set_read_timeout(Some(EVERY)));
    drop(stream.read(&mut [0]));
}

/// Microseconds for each of many connections, one after the other.
fn connections(way: &Way) -> f64 {
    let began = Instant::now();
    for _ in 0..CONNECTIONS {
        match way {
            Way::Tcp(address) => ask(TcpStream::connect(address).unwrap(), address),
            Way::Unix(path) => ask(UnixStream::connect(path).unwrap(), "localhost"),
            other => panic!("{other:?} is no socket"),
        }
    }
    micros(began.elapsed() / CONNECTIONS)
}

fn ask(mut stream: impl Read + Write, host: &str) {
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

/// The same for sessions.
fn greetings(way: &Way) -> f64 {
    block_on(async {
        let began = Instant::now();
        for _ in 0..CONNECTIONS {
            drop(Session::open(way).await);
        }
        micros(began.elapsed() / CONNECTIONS)
    })
}
