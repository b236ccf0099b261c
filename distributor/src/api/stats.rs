//! `GET /stats`: one look at the queue, or at each of its partitions.

use shared::queue::{AllStats, PartitionStats, Queue, QueueError, Stats, Stream};
use spin_sdk::http::Response;
use spin_shell::{NotReady, Partitions, SpinRedis};

use super::answer_of;

/// The streams and counters. It ticks as well, so that an open dashboard keeps a laptop's pipeline going.
pub(super) fn get() -> Response {
    answer_of(look)
}

fn look() -> Result<Response, NotReady> {
    let partitions = Partitions::read()?;
    let see =
        |partition| partitions.open(partition).and_then(|mut shell| tick_and_look(shell.queue()));
    if partitions.count() == 1 {
        let stats = see(0).map_err(NotReady::Redis)?;
        return Ok(spin_shell::json_response(200, &stats).into_response());
    }
    let (mut seen, mut first_error) = (Vec::with_capacity(partitions.count()), None);
    for partition in 0..partitions.count() {
        let queue = partitions.queue(partition).to_string();
        let (code, stats) = match see(partition) {
            Ok(stats) => (None, Some(stats)),
            Err(error) => {
                eprintln!("partition {partition}: {error}");
                let code = error.trouble().problem().code;
                first_error.get_or_insert(error);
                (Some(code), None)
            }
        };
        seen.push(PartitionStats { partition, queue, code, stats });
    }
    match (AllStats::of(seen), first_error) {
        (None, Some(error)) => Err(NotReady::Redis(error)),
        // One that answers is enough: what is away is named.
        (all, _) => Ok(spin_shell::json_response(200, &all).into_response()),
    }
}

fn tick_and_look(mut queue: Queue<'_, SpinRedis>) -> Result<Stats, QueueError> {
    for stream in Stream::ALL {
        queue.tick(stream)?;
    }
    queue.stats()
}
