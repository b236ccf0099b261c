//! The two steps of an order through the pipeline: [`route`] and [`fulfil`].

use serde_json::to_vec;
use uuid::Uuid;

use crate::complexity::{Assessment, ReasonPoints};
use crate::confirmation::confirm;
use crate::order::{Order, OrderError, Rejection};
use crate::{Lane, Times};

/// Where an order goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// The order's identity.
    pub id: Uuid,
    /// The lane for its score.
    pub lane: Lane,
    /// The sum of its points.
    pub score: u32,
    /// Its reasons with their points, as in `express:5,prism:25`; may be empty.
    pub reasons: String,
}

/// An order that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilled {
    /// The order's identity.
    pub id: Uuid,
    /// The JSON of its [`Confirmation`](crate::confirmation::Confirmation).
    pub confirmation: Vec<u8>,
}

/// An order that breaks the schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the order breaks the schema: {code}")]
pub struct Rejected {
    /// The order's identity, if it can be read.
    pub id: Option<Uuid>,
    /// The code of the first error.
    pub code: &'static str,
    /// All errors: a JSON array of objects with `code`, `path` and `message`.
    pub errors: Vec<u8>,
}

/// Scores an order and chooses its lane: complex from `complexity_threshold` on.
///
/// # Errors
/// [`Rejected`] if the order breaks the schema.
pub fn route(order: &[u8], complexity_threshold: u32) -> Result<Routing, Rejected> {
    let parsed = parse(order)?;
    let assessment = Assessment::of(&parsed);
    Ok(Routing {
        id: parsed.id,
        lane: assessment.lane(complexity_threshold),
        score: assessment.score(),
        reasons: assessment.reasons_text(),
    })
}

/// Confirms an order of a lane.
///
/// # Errors
/// [`Rejected`] if the order breaks the schema: it was added to the lane directly.
pub fn fulfil(order: &[u8], lane: Lane, times: Times) -> Result<Fulfilled, Rejected> {
    let parsed = parse(order)?;
    Ok(Fulfilled { id: parsed.id, confirmation: confirm(&parsed, lane, times).to_json() })
}

fn parse(order: &[u8]) -> Result<Order<'_>, Rejected> {
    Order::parse(order).map_err(|rejection| Rejected::new(order, &rejection))
}

impl Rejected {
    fn new(order: &[u8], rejection: &Rejection) -> Self {
        let errors: Vec<&OrderError> = rejection.errors().collect();
        Self {
            id: Order::identity(order),
            code: rejection.first.code.as_str(),
            // Texts only: this cannot fail.
            errors: to_vec(&errors).unwrap_or_default(),
        }
    }
}

impl Routing {
    /// Score and reasons as one word without blanks: `30/express:5,prism:25`, or `0/`.
    pub fn note(&self) -> String {
        format!("{}/{}", self.score, self.reasons)
    }
}

/// Reads a [`Routing::note`]: score and reasons.
pub fn read_note(note: &str) -> Option<(u32, Vec<ReasonPoints<'_>>)> {
    let (score, reasons) = note.split_once('/')?;
    Some((score.parse().ok()?, ReasonPoints::read_all(reasons)))
}

#[cfg(test)]
mod tests;
