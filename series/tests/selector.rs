//! Selectors compared with a simple reference matcher.

use std::collections::BTreeSet;

use proptest::prelude::*;
use series::Selector;
use series::selector::{MAX_MATCHERS, MAX_SELECTOR_BYTES, MAX_TERMS, ParseSelectorError};

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Literal(char),
    Star,
}

#[derive(Clone, Debug)]
struct Term {
    group: Vec<Token>,
    name: Option<Vec<Token>>,
    matchers: Vec<(String, &'static str, Vec<Token>)>,
    only: bool,
}

type Labels = Vec<(String, String)>;

fn glob(pattern: &[Token], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([Token::Star, rest @ ..], _) => (0..=text.len()).any(|skipped| glob(rest, &text[skipped..])),
        ([Token::Literal(literal), rest @ ..], [first, text @ ..]) => literal == first && glob(rest, text),
        _ => false,
    }
}

fn matches(pattern: &[Token], text: &str) -> bool {
    glob(pattern, &text.chars().collect::<Vec<_>>())
}

fn reference(terms: &[Term], group: &str, name: &str, labels: &Labels) -> bool {
    terms.iter().any(|term| {
        let has = |key: &str, value: &[Token]| labels.iter().any(|(k, v)| k == key && matches(value, v));
        let holds = |(key, operator, value): &(String, &str, Vec<Token>)| (*operator == "=") == has(key, value);
        let is_named = |(k, v): &(String, String)| {
            term.matchers.iter().any(|(key, operator, value)| *operator == "=" && key == k && matches(value, v))
        };
        matches(&term.group, group)
            && term.name.as_ref().is_none_or(|pattern| matches(pattern, name))
            && term.matchers.iter().all(holds)
            && (!term.only || labels.iter().all(is_named))
    })
}

/// Writes a pattern, in quotes whether they are needed or not.
fn quoted(pattern: &[Token]) -> String {
    let token = |token: &Token| match token {
        Token::Star => "*".to_owned(),
        Token::Literal(character) if "\"\\*".contains(*character) => format!("\\{character}"),
        Token::Literal(character) => character.to_string(),
    };
    format!("\"{}\"", pattern.iter().map(token).collect::<String>())
}

fn literal(text: &str) -> Vec<Token> {
    text.chars().map(Token::Literal).collect()
}

fn written(terms: &[Term]) -> String {
    let term = |term: &Term| {
        let name = term.name.as_ref().map(|name| format!(" / {}", quoted(name))).unwrap_or_default();
        let matcher = |(key, operator, value): &(String, &str, Vec<Token>)| {
            format!("{} {operator} {}", quoted(&literal(key)), quoted(value))
        };
        let only = term.only.then(|| "only".to_owned());
        let matchers: Vec<_> = term.matchers.iter().map(matcher).chain(only).collect();
        format!("{}{name} {{ {} }}", quoted(&term.group), matchers.join(" , "))
    };
    terms.iter().map(term).collect::<Vec<_>>().join(" , ")
}

/// Few characters, so that patterns often match; they include all special characters of the grammar.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![4 => Just('a'), 2 => Just('b'), 1 => prop::sample::select("\"\\*{}/,=!é \n".chars().collect::<Vec<_>>())]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(character(), 0..6).prop_map(String::from_iter)
}

fn pattern() -> impl Strategy<Value = Vec<Token>> {
    prop::collection::vec(prop_oneof![2 => character().prop_map(Token::Literal), 1 => Just(Token::Star)], 0..6)
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("only".to_owned()), text()]
}

fn labels() -> impl Strategy<Value = Labels> {
    prop::collection::vec((key(), text()), 0..4)
}

fn term() -> impl Strategy<Value = Term> {
    let matcher = (key(), prop_oneof![Just("="), Just("!=")], pattern());
    (pattern(), prop::option::of(pattern()), prop::collection::vec(matcher, 0..4), any::<bool>())
        .prop_map(|(group, name, matchers, only)| Term { group, name, matchers, only })
}

fn parse(text: &str) -> Selector {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn borrowed(labels: &Labels) -> impl Iterator<Item = (&str, &str)> + Clone {
    labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

proptest! {
    #[test]
    fn a_printed_selector_parses_back_and_prints_the_same(terms in prop::collection::vec(term(), 1..4)) {
        let text = written(&terms);
        let selector = parse(&text);
        let printed = selector.to_string();
        prop_assert_eq!(&parse(&printed), &selector);
        prop_assert_eq!(parse(&printed).to_string(), printed.clone());
        prop_assert!(printed.len() <= text.len(), "a printed selector keeps the limit of length");
    }

    #[test]
    fn a_selector_matches_the_same_series_as_the_reference(
        terms in prop::collection::vec(term(), 1..4), group in text(), name in text(), labels in labels(),
    ) {
        let selector = parse(&written(&terms));
        let expected = reference(&terms, &group, &name, &labels);
        prop_assert_eq!(selector.matches(&group, &name, borrowed(&labels)), expected, "{}", selector);
        prop_assert!(!expected || selector.matches_group(&group));
    }

    #[test]
    fn an_exact_selector_matches_its_series_and_no_other(
        (group, labels) in (text(), labels()), (other_group, other_labels) in (text(), labels()), name in text(),
    ) {
        let selector = Selector::exact(&group, borrowed(&labels));
        prop_assert_eq!(&parse(&selector.to_string()), &selector);
        prop_assert!(selector.matches(&group, &name, borrowed(&labels)));
        for (other_group, other_labels) in [(&other_group, &other_labels), (&group, &other_labels), (&other_group, &labels)] {
            let set = |labels: &Labels| labels.iter().cloned().collect::<BTreeSet<_>>();
            let is_same = (other_group, set(other_labels)) == (&group, set(&labels));
            prop_assert_eq!(selector.matches(other_group, &name, borrowed(other_labels)), is_same);
        }
    }

    #[test]
    fn only_a_group_selector_has_a_whole_group(group in text(), name in text()) {
        let selector = Selector::group(&group);
        prop_assert!(selector.whole_group() == Some(group.as_str()));
        prop_assert!(parse(&selector.to_string()).whole_group() == Some(group.as_str()));
        for narrower in ["g*", "g/n", "g{k=v}", "g{only}", "g,h"] {
            prop_assert!(parse(narrower).whole_group().is_none(), "{}", narrower);
        }
        prop_assert!(Selector::exact(&group, [("k", name.as_str())]).whole_group().is_none());
    }

    #[test]
    fn a_group_selector_matches_every_series_of_its_group(group in text(), other in text(), name in text(), labels in labels()) {
        let selector = Selector::group(&group);
        prop_assert_eq!(&parse(&selector.to_string()), &selector);
        prop_assert!(selector.matches(&group, &name, borrowed(&labels)));
        prop_assert_eq!(selector.matches(&other, &name, borrowed(&labels)), other == group);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![any::<String>(), "[a*\"\\\\/{}=!, only]{0,40}"]) {
        if let Ok(selector) = text.parse::<Selector>() {
            prop_assert_eq!(selector.to_string().parse(), Ok(selector));
        }
    }
}

#[test]
fn selectors_print_in_their_shortest_form() {
    for (text, printed) in [
        ("network.bytes{interface=\"eth*\"}", "network.bytes{interface=eth*}"),
        (" a , b{} ", "a,b"),
        ("cpu.cores / \"core 1\"", "cpu.cores/\"core 1\""),
        ("a{ only , \"b\" != \"**\" }", "a{b!=*,only}"),
        ("\"\"/\"*\"", "\"\"/*"),
        ("a{\"\\*\"=\"\\*\\\\\\\"\"}", "a{\"\\*\"=\"\\*\\\\\\\"\"}"),
    ] {
        assert_eq!(parse(text).to_string(), printed);
    }
}

#[test]
fn errors_name_position_found_and_expected_input() {
    for (text, said) in [
        ("", "selector, character 1: expected a group name, found the end"),
        ("cpu,", "selector, character 5: expected a group name, found the end"),
        ("cpu}", "selector, character 4: expected `,`, `/`, `{` or the end, found `}`"),
        ("cpu/{", "selector, character 5: expected a series name, found `{`"),
        ("cpu{a}", "selector, character 6: expected `=` or `!=`, found `}`"),
        ("cpu{\"only\"}", "selector, character 11: expected `=` or `!=`, found `}`"),
        ("cpu{a*=b}", "selector, character 5: expected a label key, in which a star is written \"\\*\", found `a`"),
        ("cpu{a=b c}", "selector, character 9: expected `,` or `}`, found `c`"),
        ("cpu{a=", "selector, character 7: expected a label value, found the end"),
        ("é\"", "selector, character 2: expected `,`, `/`, `{` or the end, found `\"`"),
        ("\"cpu", "selector, character 5: expected a closing `\"`, found the end"),
        ("\"\\n\"", "selector, character 3: expected `\"`, `\\` or `*` after a backslash, found `n`"),
    ] {
        assert_eq!(text.parse::<Selector>().expect_err(text).to_string(), said);
    }
}

#[test]
fn limits_are_accepted_and_one_more_is_refused() {
    let terms = |count: usize| vec!["a"; count].join(",").parse::<Selector>();
    assert!(terms(MAX_TERMS).is_ok());
    assert_eq!(terms(MAX_TERMS + 1), Err(ParseSelectorError::TooManyTerms));

    let matchers = |count: usize| format!("b,a{{{}}}", vec!["a=b"; count].join(",")).parse::<Selector>();
    assert!(matchers(MAX_MATCHERS).is_ok());
    assert_eq!(matchers(MAX_MATCHERS + 1), Err(ParseSelectorError::TooManyMatchers { term: 2 }));

    let long = |bytes: usize| "a".repeat(bytes).parse::<Selector>();
    assert!(long(MAX_SELECTOR_BYTES).is_ok());
    assert_eq!(long(MAX_SELECTOR_BYTES + 1), Err(ParseSelectorError::TooLong { bytes: MAX_SELECTOR_BYTES + 1 }));
}

#[test]
fn the_longest_series_that_the_protocol_allows_can_be_selected_exactly() {
    use protocol::limits::{MAX_LABELS, MAX_NAME_BYTES};
    let key = |label: usize| format!("{}{label:02}", "\"".repeat(MAX_NAME_BYTES - 2));
    let labels: Labels = (0..MAX_LABELS).map(|label| (key(label), "*".repeat(MAX_NAME_BYTES))).collect();
    let selector = Selector::exact(&"\\".repeat(MAX_NAME_BYTES), borrowed(&labels));
    assert_eq!(parse(&selector.to_string()), selector);
}

/// A matcher with backtracking, or with a comparison at each position, would run for minutes.
#[test]
fn matching_takes_linear_time_for_every_pattern() {
    let text = "a".repeat(1_000_000);
    for pattern in [format!("{}b*", "a*".repeat(20_000)), format!("*{}b*", "a".repeat(50_000))] {
        assert!(!parse(&pattern).matches(&text, "", []));
    }
}
