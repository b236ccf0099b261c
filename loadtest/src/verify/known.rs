//! Orders that the queue had confirmed before a run: sent again, they are duplicates.

use std::collections::HashMap;

use anyhow::Result;
use uuid::Uuid;

use super::Verifier;
use super::outcomes::DIFFERS;
use crate::ledger::Line;
use crate::patient::PatientRedis;

impl Verifier {
    /// A new copy is a duplicate, and the earlier confirmation must be correct.
    pub(super) fn known_before(
        &mut self,
        redis: &mut PatientRedis,
        id: Uuid,
        seen: &mut HashMap<Uuid, bool>,
    ) -> Result<()> {
        if let Some(is_right) = seen.get(&id) {
            self.report.duplicate_deliveries += u64::from(*is_right);
            return Ok(());
        }
        let known = &self.results.known[&id];
        let is_right = match self.results.confirmation_at(redis, &known.confirmed)? {
            None => None,
            Some(found) => {
                let entry_id = Some(known.ingress);
                let queued = |at: u64| (at, Line { entry_id, ..self.ledger.get(at) });
                let copies: Vec<_> = self.source.positions(id).into_iter().map(queued).collect();
                Some(self.matching(&found, &copies)?.map(|(_, _, lane)| lane))
            }
        };
        match is_right {
            None => self.lost(id.to_string()),
            Some(None) => self.wrong(id.to_string(), DIFFERS.into()),
            Some(Some(lane)) => {
                self.report.duplicate_deliveries += 1;
                self.confirmed_in(lane);
            }
        }
        seen.insert(id, matches!(is_right, Some(Some(_))));
        Ok(())
    }
}
