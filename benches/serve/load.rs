//! The load: clients that ask again as soon as they are answered, on connections that are kept.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::server::Server;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nuser-agent: load\r\naccept: */*\r\n\r\n";

/// What the clients saw.
#[derive(Clone, Copy, Default)]
pub struct Figures {
    rate: f64,
    cpu: f64,
    middle: f64,
    slow: f64,
}

impl Figures {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The server's CPU for each request, in microseconds.
    pub fn cpu(&self) -> f64 {
        self.cpu
    }

    /// The median of the times from a request to its whole answer, in microseconds.
    pub fn middle(&self) -> f64 {
        self.middle
    }

    /// That of the slowest in a hundred.
    pub fn slow(&self) -> f64 {
        self.slow
    }
}

/// When the clients end.
#[derive(Clone, Copy)]
enum Until {
    Time(Instant),
    Requests(usize),
}

/// Loads a server for so long.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
pub fn run(server: &Server, connections: usize, time: Duration) -> Figures {
    let (begin, used) = (Instant::now(), server.cpu());
    let mut times = ask(server.address, connections, Until::Time(begin + time));
    let (took, used) = (begin.elapsed().as_secs_f64(), server.cpu() - used);
    times.sort_unstable();
    let micros = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
    let (rate, cpu) = (times.len() as f64 / took, used / times.len() as f64);
    Figures { rate, cpu, middle: micros(50), slow: micros(99) }
}

/// Asks so often on each connection.
pub fn count(address: SocketAddr, connections: usize, requests: usize) {
    ask(address, connections, Until::Requests(requests));
}

fn ask(address: SocketAddr, connections: usize, until: Until) -> Vec<Duration> {
    let runtime = Builder::new_current_thread().enable_io().build().expect("a runtime can be made");
    runtime.block_on(async {
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            clients.spawn(client(address, until));
        }
        clients.join_all().await.concat()
    })
}

async fn client(address: SocketAddr, until: Until) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut answer = [0; 1024];
    let mut length = None;
    let mut times = Vec::new();
    loop {
        let begin = Instant::now();
        match until {
            Until::Time(time) if begin >= time => return times,
            Until::Requests(count) if times.len() >= count => return times,
            _ => {}
        }
        stream.write_all(REQUEST).await.expect("it reads");
        let mut read = 0;
        while length.is_none_or(|length| read < length) {
            let more = stream.read(&mut answer[read..]).await.expect("it answers");
            assert!(more > 0, "the server has closed");
            read += more;
            // All answers are as long as the first.
            length = length.or_else(|| whole(&answer[..read]));
        }
        times.push(begin.elapsed());
    }
}

/// How long the answer is with which this begins, once its head is there.
fn whole(answer: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(answer).expect("text");
    let (head, _) = text.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    let body = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("its length");
    Some(head.len() + 4 + body.parse::<usize>().expect("a number"))
}
