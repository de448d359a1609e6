//! Encodes the catalog and its changes, in as many frames as needed.

use std::sync::Arc;

use parking_lot::Mutex;
use protocol::{
    Body, CatalogScope, EncodeError, EntriesBuffer, Frame, GroupDescriptor, Header, Label, Revision, SeriesDescriptor,
};

use crate::ingest::registry::Group;
use crate::stream::catalog::{Catalog, Changes};
use crate::telemetry::Telemetry;

/// A catalog frame is complete when it has this many bytes: the largest descriptor still fits after them.
const FULL_BYTES: usize = Frame::MAX_BODY_BYTES - 32 * 1_024;

/// The complete catalog as messages, encoded again only when it has changed.
#[derive(Debug, Default)]
pub struct WholeCatalog(Mutex<Encoded>);

#[derive(Debug, Default)]
struct Encoded {
    revision: Option<Revision>,
    messages: Arc<Vec<Vec<u8>>>,
}

impl WholeCatalog {
    /// The messages of `catalog`. Their header has the time of encoding: each viewer's copy has to be stamped.
    ///
    /// # Errors
    /// The errors of [`encode`].
    pub fn messages(
        &self,
        catalog: &Catalog,
        header: Header,
        telemetry: &Telemetry,
    ) -> Result<Arc<Vec<Vec<u8>>>, EncodeError> {
        let mut encoded = self.0.lock();
        if encoded.revision != Some(catalog.revision()) {
            let whole = catalog.whole();
            let messages = encode(&whole, CatalogScope::Whole, header)?;
            telemetry.frames_encoded.inc_by(messages.len() as u64);
            *encoded = Encoded { revision: Some(whole.revision), messages: Arc::new(messages) };
        }
        Ok(Arc::clone(&encoded.messages))
    }
}

/// A message that restarts the stream of a viewer that holds this revision of the catalog.
///
/// # Errors
/// Never: it is short.
pub fn unchanged(revision: Revision, header: Header) -> Result<Vec<u8>, EncodeError> {
    let body =
        Body::Catalog(protocol::Catalog { scope: CatalogScope::Unchanged, revision, ..protocol::Catalog::default() });
    Frame { header, body }.to_bytes()
}

/// Encodes `changes`; the first frame has `scope`, the rest add to it. The last one has their revision.
///
/// # Errors
/// If a descriptor cannot be encoded, which the catalog's checks prevent.
pub fn encode(changes: &Changes, scope: CatalogScope, header: Header) -> Result<Vec<Vec<u8>>, EncodeError> {
    let mut packer = Packer { header, scope, frames: Vec::new(), page: Page::default() };
    for (id, group) in &changes.groups {
        let (name, title, unit) = (group.name.as_str(), group.title.as_str(), group.unit.as_str());
        let &Group { interval, bounds, prominence, rank, .. } = group;
        let descriptor = GroupDescriptor { id: *id, name, title, unit, interval, bounds, prominence, rank };
        packer.page.groups.push(&descriptor)?;
        packer.close_when_full()?;
    }
    let mut labels = EntriesBuffer::default();
    for (id, series) in &changes.series {
        labels.clear();
        for (key, value) in &series.labels {
            labels.push(&Label { key, value })?;
        }
        let (name, labels) = (series.name.as_str(), labels.entries());
        packer.page.series.push(&SeriesDescriptor { id: *id, group: series.group, name, kind: series.kind, labels })?;
        packer.close_when_full()?;
    }
    for series in &changes.retired {
        packer.page.retired.push(series)?;
        packer.close_when_full()?;
    }
    for group in &changes.retired_groups {
        packer.page.retired_groups.push(group)?;
        packer.close_when_full()?;
    }
    if scope == CatalogScope::Whole || !changes.is_empty() {
        packer.close(changes.revision)?;
    }
    Ok(packer.frames)
}

#[derive(Default)]
struct Page {
    groups: EntriesBuffer,
    series: EntriesBuffer,
    retired: EntriesBuffer,
    retired_groups: EntriesBuffer,
}

impl Page {
    const fn len(&self) -> usize {
        self.groups.len() + self.series.len() + self.retired.len() + self.retired_groups.len()
    }
}

struct Packer {
    header: Header,
    scope: CatalogScope,
    frames: Vec<Vec<u8>>,
    page: Page,
}

impl Packer {
    fn close_when_full(&mut self) -> Result<(), EncodeError> {
        if self.page.len() >= FULL_BYTES { self.close(Revision::default()) } else { Ok(()) }
    }

    fn close(&mut self, revision: Revision) -> Result<(), EncodeError> {
        let body = Body::Catalog(protocol::Catalog {
            scope: self.scope,
            revision,
            groups: self.page.groups.entries(),
            series: self.page.series.entries(),
            retired: self.page.retired.entries(),
            retired_groups: self.page.retired_groups.entries(),
        });
        self.frames.push(Frame { header: self.header, body }.to_bytes()?);
        self.page = Page::default();
        self.scope = CatalogScope::Changes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::registry::{Registry, Series};
    use protocol::{Interval, SeriesKind};

    fn catalog(groups: usize, series: usize) -> Catalog {
        let catalog = Catalog::default();
        for number in 0..groups {
            let name = format!("group.{number}");
            let (title, unit, interval) = (name.clone(), "By/s".into(), Interval::from_millis(100));
            let group = Group { name, title, unit, interval, ..Group::default() };
            let group = catalog.register_group(group).expect("fits");
            for number in 0..series {
                let labels = vec![("device".into(), "x".repeat(200)), ("number".into(), number.to_string())];
                let name = format!("series {number}");
                catalog.register_series(Series { group, name, kind: SeriesKind::Gauge, labels }).expect("fits");
            }
        }
        catalog
    }

    #[test]
    fn a_catalog_of_10000_series_spans_frames_and_decodes_to_the_same() {
        let frames = encode(&catalog(50, 200).whole(), CatalogScope::Whole, Header::default()).expect("encodes");
        assert!(frames.len() > 10);
        let (mut groups, mut series) = (0, 0);
        for (index, frame) in frames.iter().enumerate() {
            let Body::Catalog(catalog) = Frame::decode(frame).expect("decodes").body else { panic!("a catalog") };
            assert_eq!(catalog.scope == CatalogScope::Whole, index == 0);
            groups += catalog.groups.iter().count();
            series += catalog.series.iter().count();
        }
        assert_eq!((groups, series), (50, 10_000));
    }

    #[test]
    fn an_empty_catalog_is_one_frame_and_empty_changes_are_no_frame() {
        let frames = encode(&Changes::default(), CatalogScope::Whole, Header::default()).expect("encodes");
        assert_eq!(frames.len(), 1);
        assert!(encode(&Changes::default(), CatalogScope::Changes, Header::default()).expect("encodes").is_empty());
    }
}
