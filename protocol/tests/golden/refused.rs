//! Invalid messages, assembled byte by byte.

use protocol::limits::{
    MAX_BLOCK_ROWS, MAX_GROUP_SERIES, MAX_LABELS, MAX_MESSAGE_BYTES, MAX_NAME_BYTES, MAX_TEXT_BYTES,
};

use super::Vector;

#[derive(Clone, Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn unsigned(mut self, number: u64) -> Self {
        let bytes = number.to_le_bytes();
        match number {
            0..=250 => self.0.push(number as u8),
            251..=0xffff => self = self.byte(251).raw(&bytes[..2]),
            0x1_0000..=0xffff_ffff => self = self.byte(252).raw(&bytes[..4]),
            _ => self = self.byte(253).raw(&bytes),
        }
        self
    }

    fn signed(self, number: i64) -> Self {
        self.unsigned(((number << 1) ^ (number >> 63)) as u64)
    }

    #[expect(clippy::needless_pass_by_value, reason = "builds lists in place, in wire order")]
    fn list(self, items: Self) -> Self {
        self.unsigned(items.0.len() as u64).raw(&items.0)
    }

    fn text(self, text: &str) -> Self {
        self.list(fields().raw(text.as_bytes()))
    }
}

fn fields() -> Fields {
    Fields::default()
}

fn message(kind: u8, head: &[u8], body: &Fields) -> Vec<u8> {
    let length = body.0.len() as u32;
    let preamble = fields().raw(b"KY").byte(2).byte(kind).raw(&length.to_le_bytes());
    preamble.raw(head).raw(&body.0).0
}

fn frame(kind: u8, body: &Fields) -> Vec<u8> {
    message(kind, &[0; 24], body)
}

fn samples(blocks: Fields) -> Vec<u8> {
    frame(3, &fields().unsigned(0).signed(0).list(fields()).list(blocks))
}

/// Samples one by one.
fn list(runs: &[u8]) -> Vec<u8> {
    frame(3, &fields().unsigned(0).signed(0).list(fields().raw(runs)).list(fields()))
}

fn block(rows: u64, times_encoding: u8, times: Fields, columns: Fields) -> Fields {
    fields().byte(0).unsigned(1).unsigned(rows).byte(times_encoding).list(times).list(columns)
}

/// A block with valid times and these columns.
fn with_columns(rows: u64, columns: Fields) -> Vec<u8> {
    samples(block(rows, 1, fields().signed(0).unsigned(1), columns))
}

fn with_times(rows: u64, encoding: u8, times: Fields) -> Vec<u8> {
    samples(block(rows, encoding, times, fields()))
}

fn column(series: u64, encoding: u8, bytes: Fields) -> Fields {
    fields().unsigned(series).byte(encoding).list(bytes)
}

/// A scaled column of two rows: scale, exceptions, integers.
fn scaled(scale: u8, exceptions: Fields, integers: &Fields) -> Vec<u8> {
    with_columns(2, column(7, 3, fields().byte(scale).list(exceptions).raw(&integers.0)))
}

/// Two packed integers, 5 and 6: levels, first 5, a chunk from 1 of width 0.
fn five_and_six() -> Fields {
    fields().byte(0).signed(5).signed(1).byte(0)
}

fn group(id: u64, name: &str, bounds: &Fields) -> Fields {
    fields().list(fields().unsigned(id).text(name).text("Title").text("1").unsigned(100_000).raw(&bounds.0))
}

fn groups(groups: Fields) -> Vec<u8> {
    frame(2, &fields().unsigned(0).unsigned(1).list(groups).list(fields()).list(fields()).list(fields()))
}

fn series(series: Fields) -> Vec<u8> {
    frame(2, &fields().unsigned(0).unsigned(1).list(fields()).list(series).list(fields()).list(fields()))
}

/// The fields of a catalog of changes before its retired series.
fn changes() -> Fields {
    fields().unsigned(1).unsigned(1).list(fields()).list(fields())
}

fn series_descriptor(id: u64, labels: Fields) -> Fields {
    fields().list(fields().unsigned(id).unsigned(1).text("name").unsigned(0).list(labels))
}

fn repeated(count: u64, entry: impl Fn(u64) -> Fields) -> Fields {
    (0..count).fold(fields(), |all, number| all.raw(&entry(number).0))
}

fn named(vectors: Vec<(&'static str, Vec<u8>)>) -> Vec<Vector> {
    vectors.into_iter().map(|(name, bytes)| Vector { name, bytes }).collect()
}

pub(crate) fn frames() -> Vec<Vector> {
    let mut vectors = heads();
    vectors.extend(bincode());
    vectors.extend(limits());
    vectors.extend(catalogs());
    vectors.extend(times());
    vectors.extend(columns());
    vectors.extend(lists());
    vectors.extend(entries());
    vectors.extend(answers());
    vectors.extend(updates());
    vectors.extend(answers_to_publishers());
    vectors
}

fn heads() -> Vec<Vector> {
    let heartbeat = frame(6, &fields().unsigned(1_000_000));
    let with = |place: usize, byte: u8| {
        let mut bytes = heartbeat.clone();
        bytes[place] = byte;
        bytes
    };
    let mut long = heartbeat.clone();
    long.resize(MAX_MESSAGE_BYTES + 1, 0);
    named(vec![
        ("head_empty", vec![]),
        ("head_too_short", heartbeat[..31].to_vec()),
        ("numbered_without_count", frame(100, &fields())),
        ("numbered_count_cut_off", frame(100, &fields().byte(251).byte(0))),
        ("samples_count_of_128_bits", frame(3, &fields().byte(254).raw(&[0; 16]))),
        ("head_too_long", long),
        ("head_bad_magic", with(0, b'X')),
        ("head_unsupported_version", with(2, 1)),
        ("head_body_shorter_than_announced", with(4, 200)),
        ("head_body_longer_than_announced", with(4, 0)),
    ])
}

fn bincode() -> Vec<Vector> {
    let hello = |server: &Fields| frame(1, &fields().raw(&server.0).text("host").unsigned(1).unsigned(1));
    let label_beyond_its_series = series_descriptor(1, fields().unsigned(50).raw(b"device")).0;
    let series_beyond_the_list = fields().unsigned(200).unsigned(1);
    named(vec![
        ("length_beyond_the_message", hello(&fields().unsigned(1 << 60))),
        ("varint_of_128_bits", hello(&fields().byte(254).raw(&[0xff; 16]))),
        ("varint_of_unknown_width", hello(&fields().byte(255))),
        ("varint_cut_off", frame(6, &fields().byte(253).raw(&[1, 2, 3]))),
        ("number_too_large_for_its_field", samples(fields().byte(0).unsigned(1 << 40).unsigned(1))),
        ("text_of_broken_utf8", hello(&fields().list(fields().raw(&[0xc3, 0x28])))),
        ("variant_that_does_not_exist", frame(4, &fields().unsigned(9).signed(0).list(fields()))),
        (
            "block_mode_that_does_not_exist",
            samples(fields().byte(3).unsigned(1).unsigned(0).byte(1).list(fields()).list(fields())),
        ),
        ("descriptor_beyond_its_list", series(series_beyond_the_list)),
        ("descriptor_that_ends_inside_a_field", series(fields().list(fields().unsigned(1).unsigned(1).unsigned(9)))),
        ("list_beyond_the_list_around_it", series(fields().raw(&label_beyond_its_series))),
        ("list_that_ends_inside_an_item", samples(fields().byte(0).unsigned(1).unsigned(3))),
    ])
}

fn limits() -> Vec<Vector> {
    let constant = |series| column(series, 1, fields().raw(&1.0_f64.to_le_bytes()));
    let empty = |series| column(series, 0, fields());
    let long = "x".repeat(MAX_NAME_BYTES + 1);
    let label = fields().text("key").text("value");
    let full = u64::from(MAX_BLOCK_ROWS);
    let full_block = block(full, 1, fields().signed(0).unsigned(1), fields());
    named(vec![
        ("rows_over_the_limit", with_times(full + 1, 1, fields().signed(0).unsigned(1))),
        ("rows_of_all_blocks_over_the_limit", samples(repeated(9, |_| full_block.clone()))),
        ("columns_over_the_limit", with_columns(0, repeated(MAX_GROUP_SERIES as u64 + 1, empty))),
        ("values_over_the_limit", with_columns(full, repeated(9, constant))),
        ("name_over_the_limit", groups(group(1, &long, &fields().unsigned(0)))),
        ("labels_over_the_limit", series(series_descriptor(1, repeated(MAX_LABELS as u64 + 1, |_| label.clone())))),
        ("text_over_the_limit", frame(9, &fields().unsigned(0).unsigned(0).text(&"x".repeat(MAX_TEXT_BYTES + 1)))),
    ])
}

fn catalogs() -> Vec<Vector> {
    let auto = fields().unsigned(0);
    let fixed = |low: f64, high: f64| fields().unsigned(2).raw(&low.to_le_bytes()).raw(&high.to_le_bytes());
    let twice = |entry: &Fields| fields().raw(&entry.0).raw(&entry.0);
    named(vec![
        ("group_twice", groups(twice(&group(1, "cpu", &auto)))),
        ("series_described_twice", series(twice(&series_descriptor(1, fields())))),
        ("retired_twice", frame(2, &changes().list(twice(&fields().unsigned(3))).list(fields()))),
        ("group_retired_twice", frame(2, &changes().list(fields()).list(twice(&fields().unsigned(3))))),
        ("bounds_upside_down", groups(group(1, "cpu", &fixed(1.0, 0.0)))),
        ("bounds_not_finite", groups(group(1, "cpu", &fixed(f64::NAN, 1.0)))),
    ])
}

fn lists() -> Vec<Vector> {
    let most = [0x1f, 0xf0, 0xff, 0xff, 0xff, 0x0f];
    named(vec![
        ("list_without_a_time", list(&[0x60, 2])),
        ("list_time_of_unknown_count", list(&[0x02, 0])),
        ("list_cut_off_in_a_time", list(&[0x00])),
        ("list_cut_off_in_a_count", list(&[0x00, 0, 0x2f])),
        ("list_cut_off_in_a_value", list(&[0x00, 0, 0x30, 0, 0, 0, 0, 0, 0, 0])),
        ("list_cut_off_in_an_integer", list(&[0x00, 0, 0x60, 0x80])),
        ("list_integer_of_eight_bytes", list(&[&[0x00, 0, 0x60][..], &[0x80; 7], &[1]].concat())),
        ("list_series_beyond_32_bits", list(&[&most[..], &[0x00, 0, 0x20]].concat())),
        ("list_values_over_the_limit", list(&[0x00, 0, 0x2f, 0xf1, 0xff, 0x07])),
    ])
}

fn entries() -> Vec<Vector> {
    let line = |source: &str, text: &str, labels: Fields| {
        fields().list(fields().signed(0).unsigned(2).text(source).text(text).list(labels))
    };
    let logs = |lines: Fields| frame(64, &fields().unsigned(0).list(lines));
    let event = |source: &str, text: &str, labels: Fields| {
        frame(65, &fields().unsigned(0).signed(0).unsigned(0).text(source).text(text).list(labels))
    };
    let (long_name, long_text) = ("x".repeat(MAX_NAME_BYTES + 1), "x".repeat(MAX_TEXT_BYTES + 1));
    let label = fields().text("key").text("value");
    named(vec![
        ("log_source_over_the_limit", logs(line(&long_name, "text", fields()))),
        ("log_text_over_the_limit", logs(line("source", &long_text, fields()))),
        ("log_labels_over_the_limit", logs(line("source", "text", repeated(MAX_LABELS as u64 + 1, |_| label.clone())))),
        ("log_line_cut_off", logs(fields().list(fields().signed(0).unsigned(2).text("source")))),
        ("event_source_over_the_limit", event(&long_name, "text", fields())),
        ("event_text_over_the_limit", event("source", &long_text, fields())),
        ("event_label_over_the_limit", event("source", "text", fields().text(&long_name).text("value"))),
    ])
}

/// A block of buckets of 100 us.
fn buckets(count: u64, times_encoding: u8, times: Fields, series: Fields) -> Fields {
    fields().unsigned(1).unsigned(100).unsigned(count).byte(times_encoding).list(times).list(series)
}

/// A series with columns: the first, and one for each bit of `own`.
fn summaries(series: u64, own: u8, columns: &[(u8, &[u8])]) -> Fields {
    let head = fields().unsigned(series).byte(own);
    columns.iter().fold(head, |all, (encoding, bytes)| all.byte(*encoding).list(fields().raw(bytes)))
}

fn answer(blocks: Fields) -> Vec<u8> {
    frame(10, &fields().unsigned(1).unsigned(2).signed(0).list(blocks))
}

fn answers() -> Vec<Vector> {
    let value = 1.5_f64.to_le_bytes();
    let regular = || fields().signed(0).unsigned(100);
    let of_two = |series: Fields| answer(buckets(2, 1, regular(), series));
    let with_times = |encoding, times: Fields| answer(buckets(2, encoding, times, fields()));
    let constant = |series| summaries(series, 0, &[(1, &value)]);
    let all_constant = |series| summaries(series, 0b1_1111, &[(1, value.as_slice()); 6]);
    let full = u64::from(MAX_BLOCK_ROWS);
    let no_buckets = |series| summaries(series, 0, &[(0, &[])]);
    named(vec![
        ("answer_cut_off", frame(10, &fields().unsigned(1).unsigned(2))),
        ("answer_part_that_does_not_exist", frame(10, &fields().unsigned(1).unsigned(3).signed(0).list(fields()))),
        ("answer_block_cut_off", answer(fields().unsigned(1).unsigned(100).unsigned(2))),
        ("answer_series_cut_off", of_two(fields().unsigned(7))),
        ("answer_field_cut_off", of_two(summaries(7, 0b10, &[(1, &value)]))),
        ("answer_unknown_field_cut_off", of_two(summaries(7, 0b10_0000, &[(1, &value)]))),
        ("answer_first_of_another_length", of_two(summaries(7, 0, &[(0, &value)]))),
        ("answer_field_of_another_length", of_two(summaries(7, 0b1000, &[(1, &value), (2, &value[..7])]))),
        ("answer_field_of_broken_integers", of_two(summaries(7, 1, &[(1, &value), (3, &[1, 0, 0, 10])]))),
        ("answer_times_of_another_length", with_times(0, fields().raw(&[0; 8]))),
        ("answer_times_of_unknown_encoding", with_times(9, fields())),
        ("answer_times_that_stand_still", with_times(1, fields().signed(0).unsigned(0))),
        ("answer_times_that_go_backwards", with_times(2, fields().byte(0).signed(5).signed(-1).byte(0))),
        ("answer_series_twice", of_two(constant(7).raw(&constant(7).0))),
        ("answer_series_out_of_order", of_two(constant(7).raw(&constant(6).0))),
        ("answer_buckets_over_the_limit", answer(buckets(full + 1, 1, regular(), fields()))),
        ("answer_buckets_of_all_blocks_over_the_limit", answer(repeated(9, |_| buckets(full, 1, regular(), fields())))),
        (
            "answer_series_over_the_limit",
            answer(buckets(0, 1, regular(), repeated(MAX_GROUP_SERIES as u64 + 1, no_buckets))),
        ),
        ("answer_values_over_the_limit", answer(buckets(full, 1, regular(), repeated(9, constant)))),
        // Two series have fewer values than the limit, but not in six columns.
        ("answer_values_of_fields_over_the_limit", answer(buckets(full, 1, regular(), repeated(2, all_constant)))),
    ])
}

fn times() -> Vec<Vector> {
    let raw = |times: &[i64]| times.iter().fold(fields(), |all, time| all.raw(&time.to_le_bytes()));
    named(vec![
        ("times_of_another_length", with_times(3, 0, raw(&[1, 2]))),
        ("times_of_unknown_encoding", with_times(1, 9, fields())),
        ("times_that_stand_still", with_times(2, 1, fields().signed(0).unsigned(0))),
        ("times_that_go_backwards", with_times(3, 0, raw(&[1, 3, 2]))),
        ("times_that_wrap", with_times(2, 1, fields().signed(i64::MAX).unsigned(1))),
        ("times_packed_that_go_backwards", with_times(2, 2, fields().byte(0).signed(5).signed(-1).byte(0))),
        ("times_regular_cut_off", with_times(1, 1, fields().signed(0))),
        ("times_regular_and_more", with_times(1, 1, fields().signed(0).unsigned(1).byte(0))),
        ("times_packed_of_no_rows", with_times(0, 2, fields().byte(0).signed(5))),
        ("times_packed_cut_off", with_times(2, 2, fields().byte(0).signed(5))),
    ])
}

fn columns() -> Vec<Vector> {
    let value = 1.5_f64.to_le_bytes();
    let exception = |skipped: u64, repeats: u64| fields().unsigned(skipped).unsigned(repeats).raw(&value);
    let twice = column(7, 1, fields().raw(&value)).raw(&column(7, 1, fields().raw(&value)).0);
    let falling = column(7, 1, fields().raw(&value)).raw(&column(6, 1, fields().raw(&value)).0);
    let five_and_six = five_and_six();
    named(vec![
        ("column_raw_of_another_length", with_columns(2, column(7, 0, fields().raw(&value)))),
        ("column_constant_of_another_length", with_columns(2, column(7, 1, fields().raw(&value[..7])))),
        ("column_single_of_another_length", with_columns(2, column(7, 2, fields().raw(&value[..7])))),
        ("column_twice", with_columns(2, twice)),
        ("column_out_of_order", with_columns(2, falling)),
        ("scaled_empty", with_columns(2, column(7, 3, fields()))),
        ("scaled_of_unknown_scale", scaled(23, fields(), &five_and_six)),
        ("scaled_of_unknown_power_of_two", scaled(181, fields(), &five_and_six)),
        ("scaled_exception_beyond_the_rows", scaled(1, exception(2, 0), &five_and_six)),
        ("scaled_exception_that_repeats_beyond_the_rows", scaled(1, exception(1, 1), &five_and_six)),
        ("scaled_exceptions_broken", scaled(1, fields().byte(0).raw(&value[..3]), &five_and_six)),
        ("scaled_integers_cut_off", scaled(1, fields(), &fields().byte(0).signed(5).signed(1).byte(9).byte(0))),
        ("scaled_integers_too_wide", scaled(1, fields(), &fields().byte(0).signed(5).signed(1).byte(57).raw(&[0; 8]))),
        ("scaled_integers_of_unknown_order", scaled(1, fields(), &fields().byte(128).signed(5).signed(1).byte(0))),
        ("scaled_integers_and_more", scaled(1, fields(), &five_and_six.byte(0))),
    ])
}

/// Samples with updates.
fn updated(list: Fields) -> Vec<u8> {
    frame(66, &fields().unsigned(0).signed(0).list(fields()).list(fields()).list(list))
}

fn updates() -> Vec<Vector> {
    // Of group 1: flags, newest row, number of series.
    let head = |flags: u8, series: u8| fields().unsigned(1).byte(flags).byte(0).byte(series);
    // Start, step, and ids; then two decimals, and first values of 1.
    let begins = |series: u8, ids: Fields| head(1, series).byte(5).byte(100).list(ids).byte(2);
    let begun = |series: u8, ids: Fields| updated((0..series).fold(begins(series, ids), |all, _| all.byte(2)));
    // Last values of 1, and what follows them.
    let changes =
        |series: u8, rest: &[u8]| updated((0..series).fold(head(2, series).byte(2), |all, _| all.byte(2)).raw(rest));
    let closes = |flags: u8, scale: u8, rest: &[u8]| updated(head(4 | flags, 2).byte(scale).raw(rest));
    let many = |series: u64| {
        let head = fields().unsigned(1).byte(12).byte(0).byte(series as u8 | 0x80).byte((series >> 7) as u8);
        (0..series).fold(head.byte(0).byte(9), |all, _| all.byte(2))
    };
    named(vec![
        ("updates_missing", frame(66, &fields().unsigned(0).signed(0).list(fields()).list(fields()))),
        ("update_cut_off", updated(fields().unsigned(1).byte(0))),
        ("update_without_scale", updated(head(0, 0))),
        ("update_of_unknown_flags", updated(head(64, 0).byte(0))),
        ("update_of_unknown_scale", updated(head(0, 0).byte(11))),
        ("update_time_of_eight_bytes", updated(fields().unsigned(1).byte(0).raw(&[0xff; 7]).byte(0).byte(0).byte(0))),
        ("update_ids_cut_off", begun(2, fields().byte(7))),
        ("update_ids_too_many", begun(1, fields().byte(7).byte(1))),
        ("update_id_twice", begun(2, fields().byte(7).byte(0))),
        ("update_id_of_33_bits", begun(2, fields().byte(7).unsigned(u64::from(u32::MAX) - 6))),
        ("update_values_cut_off", updated(begins(2, fields().byte(7).byte(1)).byte(2))),
        ("update_full_values_cut_off", updated(head(2, 1).byte(255).raw(&[0; 7]))),
        ("update_value_of_eight_bytes", updated(head(2, 1).byte(0).raw(&[0xff; 7]).raw(&[0; 3]))),
        ("update_mask_cut_off", changes(9, &[0, 0, 0])),
        ("update_minimum_cut_off", changes(2, &[1, 0])),
        ("update_minimum_without_series", changes(2, &[4, 0, 2])),
        ("update_maximum_without_series", changes(9, &[0, 0, 0, 2, 2])),
        ("update_counts_cut_off", closes(0, 0, &[9])),
        ("update_sums_cut_off", closes(8, 0, &[9, 2])),
        ("update_full_sums_cut_off", closes(24, 0, &[9, 2, 2])),
        ("update_series_over_the_limit", updated(many(MAX_GROUP_SERIES as u64 + 1))),
        ("summaries_cut_off", frame(12, &fields().signed(0).list(fields()).signed(0))),
        ("summaries_block_cut_off", frame(12, &fields().signed(0).list(fields().unsigned(1)).signed(0).list(fields()))),
        (
            "summaries_update_cut_off",
            frame(12, &fields().signed(0).list(fields()).signed(0).list(fields().unsigned(1))),
        ),
    ])
}

pub(crate) fn client_messages() -> Vec<Vector> {
    let query = |selection_and_rest: Fields| message(4, &[], &fields().unsigned(1).raw(&selection_and_rest.0));
    // From, to, columns, and then the order.
    let range = fields().signed(1).signed(2).unsigned(80);
    let rest = range.clone().unsigned(0);
    let of_series = |series: &[u8]| fields().unsigned(1).list(fields().raw(series));
    let of_groups = |groups: &[u8]| fields().unsigned(2).list(fields().raw(groups));
    let none = of_series(&[]);
    // Of a window, with id 1, and as rows.
    let with = |subset: Fields| message(1, &[], &fields().unsigned(0).unsigned(5).unsigned(1).raw(&subset.0));
    let subscribe = |selections: Fields| with(selections.unsigned(0).list(fields()));
    let steps =
        |of_groups: &[u8]| of_groups.iter().fold(fields(), |all, &group| all.unsigned(u64::from(group)).unsigned(100));
    named(vec![
        ("client_head_too_short", b"KY\x02\x02\0\0\0".to_vec()),
        ("client_body_too_short", message(2, &[], &fields())),
        ("client_variant_that_does_not_exist", message(1, &[], &fields().unsigned(2).unsigned(0))),
        ("client_varint_of_128_bits", message(2, &[], &fields().byte(254).raw(&[0xff; 16]))),
        ("client_number_too_large_for_its_field", message(3, &[], &fields().unsigned(1 << 40).byte(1))),
        ("client_query_cut_off", query(fields().unsigned(0).text("cpu"))),
        ("client_query_of_unknown_selection", query(fields().unsigned(3).list(fields()).raw(&rest.0))),
        ("client_query_of_broken_utf8", query(fields().unsigned(0).list(fields().raw(&[0xc3, 0x28])).raw(&rest.0))),
        ("client_query_of_unknown_order", query(fields().unsigned(0).text("cpu").raw(&range.0).unsigned(2))),
        ("client_query_series_twice", query(of_series(&[3, 3]).raw(&rest.0))),
        ("client_query_series_out_of_order", query(of_series(&[4, 3]).raw(&rest.0))),
        ("client_query_series_cut_off", query(fields().unsigned(1).list(fields().raw(&[3, 251, 0])).raw(&rest.0))),
        ("client_cancel_cut_off", message(5, &[], &fields())),
        ("client_subscribe_groups_out_of_order", subscribe(of_groups(&[4, 3]).raw(&none.0))),
        ("client_subscribe_groups_twice", subscribe(of_groups(&[3, 3]).raw(&none.0))),
        ("client_subscribe_added_out_of_order", subscribe(of_groups(&[3]).raw(&of_series(&[2, 1]).0))),
        ("client_subscribe_of_unknown_selection", subscribe(fields().unsigned(3).list(fields()).raw(&none.0))),
        ("client_subscribe_selection_cut_off", subscribe(fields().unsigned(0).unsigned(9).raw(b"cpu"))),
        ("client_subscribe_without_added", with(of_groups(&[3]))),
        ("client_subscribe_without_step", with(of_groups(&[3]).raw(&none.0))),
        ("client_subscribe_without_groups_with_a_step", with(of_groups(&[3]).raw(&none.0).unsigned(100))),
        ("client_subscribe_step_twice", with(of_groups(&[3]).raw(&none.0).unsigned(0).list(steps(&[3, 3])))),
        ("client_subscribe_steps_out_of_order", with(of_groups(&[3]).raw(&none.0).unsigned(0).list(steps(&[4, 3])))),
    ])
    .into_iter()
    .chain(of_publishers())
    .collect()
}

/// Messages of publishers.
fn of_publishers() -> Vec<Vector> {
    let rows = |block: Fields| message(8, &[], &fields().unsigned(1).unsigned(0).signed(0).list(block));
    let times = || fields().signed(0).unsigned(1);
    let value = column(7, 1, fields().raw(&1.5_f64.to_le_bytes()));
    let described = || series_descriptor(7, fields());
    let twice = |item: &Fields| fields().raw(&item.0).raw(&item.0);
    let jobs = group(1, "jobs", &fields().unsigned(0));
    let columns = repeated(9, |series| column(series, 1, fields().raw(&[0; 8])));
    named(vec![
        ("client_open_cut_off", message(6, &[], &fields().text("worker"))),
        ("client_open_of_broken_utf8", message(6, &[], &fields().list(fields().raw(&[0xc3, 0x28])).unsigned(1))),
        (
            "client_open_name_over_the_limit",
            message(6, &[], &fields().text(&"x".repeat(MAX_NAME_BYTES + 1)).unsigned(1)),
        ),
        ("client_announce_cut_off", message(7, &[], &fields().list(fields()))),
        ("client_announce_group_twice", message(7, &[], &fields().list(twice(&jobs)).list(fields()))),
        ("client_announce_series_twice", message(7, &[], &fields().list(fields()).list(twice(&described())))),
        (
            "client_announce_labels_over_the_limit",
            message(
                7,
                &[],
                &fields()
                    .list(fields())
                    .list(series_descriptor(7, repeated(MAX_LABELS as u64 + 1, |_| fields().text("k").text("v")))),
            ),
        ),
        ("client_announce_list_beyond_the_message", message(7, &[], &fields().unsigned(9).raw(&[1]))),
        ("client_rows_cut_off", message(8, &[], &fields().unsigned(1).unsigned(0).signed(0))),
        ("client_rows_columns_twice", rows(block(2, 1, times(), twice(&value)))),
        ("client_rows_times_that_stand_still", rows(block(2, 1, fields().signed(0).unsigned(0), fields()))),
        ("client_rows_of_another_length", rows(block(2, 1, times(), column(7, 0, fields().raw(&[0; 8]))))),
        ("client_rows_over_the_limit", rows(block(u64::from(MAX_BLOCK_ROWS) + 1, 1, times(), fields()))),
        ("client_rows_values_over_the_limit", rows(block(u64::from(MAX_BLOCK_ROWS), 1, times(), columns))),
        ("client_rows_of_unknown_mode", rows(fields().byte(3).raw(&block(2, 1, times(), fields()).0[1..]))),
        ("client_end_out_of_order", message(9, &[], &fields().list(fields().raw(&[3, 2])))),
        ("client_end_twice", message(9, &[], &fields().list(fields().raw(&[3, 3])))),
    ])
}

/// Answers to publishers.
fn answers_to_publishers() -> Vec<Vector> {
    let left_out = |groups: &[u8], series: &[u8], text: &str| {
        frame(14, &fields().list(fields().raw(groups)).list(fields().raw(series)).text(text))
    };
    named(vec![
        ("held_cut_off", frame(13, &fields().unsigned(1).unsigned(1))),
        ("left_out_series_twice", left_out(&[], &[3, 3], "")),
        ("left_out_group_out_of_order", left_out(&[2, 1], &[], "")),
        ("left_out_text_over_the_limit", left_out(&[], &[], &"x".repeat(MAX_TEXT_BYTES + 1))),
        ("left_out_cut_off", frame(14, &fields().list(fields()).list(fields()))),
    ])
}
