//! A client that costs little: one request, written whole, again and again on each connection.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::servers::Target;

/// How a server is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
}

pub(crate) struct Measured {
    latencies: Vec<Duration>,
    took: Duration,
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// The latency that this many of a thousand requests keep.
    pub(crate) fn within(&self, permille: usize) -> Duration {
        self.latencies[(self.latencies.len() - 1) * permille / 1000]
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("client").enable_all().build().unwrap()
});

impl Load {
    pub(crate) fn run(self, target: &Target) -> Measured {
        RUNTIME.block_on(async {
            let begin = Instant::now();
            let mut connections = JoinSet::new();
            for request in target.requests.iter().cycle().take(self.connections) {
                connections.spawn(connection(target.address, Arc::clone(request), begin + self.duration));
            }
            let mut latencies = Vec::new();
            while let Some(one) = connections.join_next().await {
                latencies.extend(one.unwrap());
            }
            let took = begin.elapsed();
            latencies.sort_unstable();
            Measured { latencies, took }
        })
    }
}

async fn connection(address: SocketAddr, request: Arc<Vec<u8>>, until: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut latencies, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    while Instant::now() < until {
        let begin = Instant::now();
        stream.write_all(&request).await.unwrap();
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            if is_whole(&buffer[..filled]) {
                break;
            }
        }
        latencies.push(begin.elapsed());
    }
    latencies
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer));
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
    });
    answer.len() >= head + 4 + length.unwrap()
}
