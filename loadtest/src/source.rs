//! Where orders come from: a generator, a file, or a list in memory.
//!
//! An order is named by its position, from 0, and can be generated or read again at any time. So
//! sent orders need not be kept in memory until they are verified. Generated orders take no memory,
//! those of a file about 60 bytes each.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use smallvec::SmallVec;
use uuid::Uuid;

use crate::expect::fate;
use crate::generate::Generator;

#[derive(Debug)]
pub(crate) struct Source {
    orders: Orders,
    /// The positions of valid orders by identity, where they cannot be computed from it.
    index: Mutex<HashMap<Uuid, SmallVec<[u64; 1]>>>,
}

#[derive(Debug)]
enum Orders {
    Generated(Box<Generator>),
    File { file: File, name: String, lines: Vec<Line> },
    List(Vec<Vec<u8>>),
}

#[derive(Debug, Clone, Copy)]
struct Line {
    offset: u64,
    length: u32,
}

impl Source {
    /// Without end.
    pub(crate) fn generated(generator: Generator) -> Self {
        Self { orders: Orders::Generated(Box::new(generator)), index: Mutex::default() }
    }

    /// The lines of a file, invalid ones too; blank lines are skipped.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let what = || format!("failed to read {name}");
        // A pipe could not be read a second time for the verification, and to open one may block.
        ensure!(path.metadata().with_context(what)?.is_file(), "{name} must be a regular file");
        let file = File::open(path).with_context(what)?;
        let (mut lines, mut offset) = (Vec::new(), 0);
        let source = Self { orders: Orders::List(Vec::new()), index: Mutex::default() };
        let mut has_object = false;
        for line in BufReader::new(&file).split(b'\n') {
            let line = line.with_context(what)?;
            let start = line.len() - line.trim_ascii_start().len();
            let order = line.trim_ascii();
            if !order.is_empty() {
                source.note(lines.len() as u64, order);
                has_object = has_object || is_object(order);
                let length = u32::try_from(order.len()).context("a line is longer than 4 GiB")?;
                lines.push(Line { offset: offset + start as u64, length });
            }
            offset += line.len() as u64 + 1;
        }
        ensure!(!lines.is_empty(), "{name} has no orders: it is empty");
        ensure!(
            has_object,
            "{name} has no orders: none of its {} lines is a JSON object",
            lines.len()
        );
        Ok(Self { orders: Orders::File { file, name, lines }, ..source })
    }

    pub(crate) fn list(orders: Vec<Vec<u8>>) -> Self {
        let source = Self { orders: Orders::List(Vec::new()), index: Mutex::default() };
        for (position, order) in orders.iter().enumerate() {
            source.note(position as u64, order);
        }
        Self { orders: Orders::List(orders), ..source }
    }

    /// The number of orders; `None` if the source is endless.
    pub(crate) fn len(&self) -> Option<u64> {
        match &self.orders {
            Orders::Generated(_) => None,
            Orders::File { lines, .. } => Some(lines.len() as u64),
            Orders::List(orders) => Some(orders.len() as u64),
        }
    }

    pub(crate) fn order(&self, position: u64) -> Result<Vec<u8>> {
        match &self.orders {
            Orders::Generated(generator) => Ok(generator.order(position + 1)),
            Orders::List(orders) => Ok(orders[position as usize].clone()),
            Orders::File { file, name, lines } => {
                let Line { offset, length } = lines[position as usize];
                let mut order = vec![0; length as usize];
                file.read_exact_at(&mut order, offset)
                    .with_context(|| format!("failed to read {name} again"))?;
                Ok(order)
            }
        }
    }

    /// As [`Source::order`], and remembers an identity from which the position cannot be computed.
    pub(crate) fn order_to_send(&self, position: u64) -> Result<Vec<u8>> {
        let order = self.order(position)?;
        if let Orders::Generated(generator) = &self.orders
            && generator.mutates()
            && fate(&order).is_ok_and(|id| generator.identities.number_of(id) != Some(position + 1))
        {
            self.note(position, &order);
        }
        Ok(order)
    }

    /// The positions of all orders with this identity that may be confirmed.
    pub(crate) fn positions(&self, id: Uuid) -> Vec<u64> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let mut positions = index.get(&id).map_or_else(Vec::new, |positions| positions.to_vec());
        if let Orders::Generated(generator) = &self.orders
            && let Some(number) = generator.identities.number_of(id)
        {
            positions.insert(0, number - 1);
        }
        positions
    }

    /// Whether an order may be a copy of one that was sent long before.
    pub(crate) fn may_repeat(&self) -> bool {
        match &self.orders {
            Orders::Generated(generator) => generator.mutates(),
            Orders::File { .. } | Orders::List(_) => false,
        }
    }

    /// The identities of valid orders among the first `count` that an earlier run may have sent.
    pub(crate) fn identities(&self, count: u64) -> impl Iterator<Item = Result<Uuid>> + '_ {
        (0..count).filter_map(|position| match &self.orders {
            Orders::Generated(generator) if generator.mutation(position + 1).is_none() => {
                (!generator.is_new).then(|| Ok(generator.identities.of(position + 1)))
            }
            _ => self.order(position).map(|order| fate(&order).ok()).transpose(),
        })
    }

    /// Sorts the orders by `placedAt`; returns these times in Unix microseconds.
    pub(crate) fn in_order_of_placing(mut self) -> Result<(Self, Vec<i64>)> {
        let count = self.len().unwrap_or_default();
        let mut placed: Vec<(i64, usize)> = Vec::with_capacity(count as usize);
        for position in 0..count {
            let order: Placed =
                serde_json::from_slice(&self.order(position)?).with_context(|| {
                    format!("order {}: placedAt: expected a time in RFC 3339", position + 1)
                })?;
            placed.push((order.placed_at.timestamp_micros(), position as usize));
        }
        placed.sort_unstable();
        let Orders::File { lines, .. } = &mut self.orders else { bail!("only a file is sorted") };
        *lines = placed.iter().map(|(_, row)| lines[*row]).collect();
        self.index = Mutex::default();
        for position in 0..count {
            self.note(position, &self.order(position)?);
        }
        Ok((self, placed.into_iter().map(|(placed_us, _)| placed_us).collect()))
    }

    fn note(&self, position: u64, order: &[u8]) {
        let Ok(id) = fate(order) else { return };
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.entry(id).or_default().push(position);
    }
}

fn is_object(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    placed_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests;
