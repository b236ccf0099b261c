//! `GET /metrics`: everything that is measured, for Prometheus.

use shared::metrics;
use shared::queue::Measures;
use spin_sdk::http::Response;
use spin_shell::{Answer, NotReady, Partitions};

use super::answer_of;

/// The page. Unlike `/stats` it rings no bell: what is measured should not depend on how often it is looked at.
pub(super) fn get() -> Response {
    answer_of(|| {
        Ok(Answer::new(200, metrics::CONTENT_TYPE, metrics::render(&look()?)).into_response())
    })
}

/// Each partition that answers; one is enough, what is away has no samples.
fn look() -> Result<Vec<(Option<String>, Measures)>, NotReady> {
    let partitions = Partitions::read()?;
    let is_one_of_many = partitions.count() > 1;
    let (mut queues, mut first_error) = (Vec::new(), None);
    for partition in 0..partitions.count() {
        let name = is_one_of_many.then(|| partitions.queue(partition).to_string());
        match partitions.open(partition).and_then(|mut shell| shell.queue().measures()) {
            Ok(measures) => queues.push((name, measures)),
            Err(error) => {
                eprintln!("partition {partition}: {error}");
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if queues.is_empty() => Err(NotReady::Redis(error)),
        _ => Ok(queues),
    }
}
