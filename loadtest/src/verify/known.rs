//! Orders that the queue had confirmed before a run: sent again, they are duplicates.

use std::collections::HashMap;

use anyhow::Result;
use orders::Lane;
use uuid::Uuid;

use super::outcomes::DIFFERS;
use super::{Verifier, keep};
use crate::ledger::Line;
use crate::patient::Ask;

impl Verifier {
    /// What was sent now is a duplicate, and the earlier confirmation has to be right.
    pub(super) fn known_before(
        &mut self,
        redis: &mut impl Ask,
        id: Uuid,
        seen: &mut HashMap<Uuid, bool>,
    ) -> Result<()> {
        if let Some(is_right) = seen.get(&id) {
            self.verdict.duplicate_deliveries += u64::from(*is_right);
            return Ok(());
        }
        let known = &self.before.known[&id];
        let is_right = match self.results.confirmation_at(redis, &known.confirmed)? {
            None => None,
            Some(found) => {
                let queued = |position: &u64| {
                    (
                        *position,
                        Line { entry_id: Some(known.ingress), ..self.ledger.get(*position) },
                    )
                };
                let copies: Vec<(u64, Line)> =
                    self.source.positions(id).iter().map(queued).collect();
                Some(self.matching(&found, &copies)?.map(|(_, _, lane)| lane))
            }
        };
        match is_right {
            None => {
                self.verdict.lost += 1;
                keep(&mut self.verdict.failures.lost, || id.to_string());
            }
            Some(None) => {
                self.wrong(id.to_string(), DIFFERS.into());
            }
            Some(Some(lane)) => {
                self.verdict.duplicate_deliveries += 1;
                self.verdict.confirmed += 1;
                self.verdict.lanes[usize::from(lane == Lane::Complex)] += 1;
            }
        }
        seen.insert(id, matches!(is_right, Some(Some(_))));
        Ok(())
    }
}
