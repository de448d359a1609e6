//! The declarations and imports of one source file. Code under `#[cfg(test)]` is skipped.
//!
//! Reads tokens, not syntax: paths inside macro calls count too, and only a tokenizer must be built.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree, token_stream};

/// A path as it is written, such as `["crate", "hub", "Hub"]`.
pub(super) type Segments = Vec<String>;

/// A path that a file names outside of `use`.
#[derive(Clone, Debug)]
pub(super) struct NamedPath {
    pub(super) scope: Segments,
    pub(super) segments: Segments,
    pub(super) line: usize,
}

/// One name that a `use` brings into a module; `use a::{b, c as d}` gives two.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// Inline modules of the file around it.
    pub(super) scope: Segments,
    pub(super) segments: Segments,
    pub(super) binding: Binding,
    pub(super) reach: Reach,
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    Name(String),
    Glob,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Private,
    /// `pub use`, `pub(crate) use` and the like.
    Exported,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) uses: Vec<Use>,
    pub(super) paths: Vec<NamedPath>,
    /// Items with the inline modules around them.
    pub(super) items: BTreeSet<(Segments, String)>,
    /// Inline modules, `mod x { ... }`.
    pub(super) inline_modules: BTreeSet<Segments>,
    /// Child modules that exist only for tests, `#[cfg(test)] mod x;`, with their `#[path]`.
    pub(super) test_modules: Vec<TestModule>,
    /// Every identifier outside of `use` declarations.
    identifiers: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub(super) struct TestModule {
    pub(super) name: String,
    pub(super) path: Option<String>,
}

impl Source {
    /// # Errors
    /// If the text does not consist of Rust tokens.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let tokens =
            TokenStream::from_str(text).map_err(|error| anyhow!("line {}: {error}", error.span().start().line));
        let mut source = Self::default();
        source.read(tokens.context("not Rust")?, &[]);
        Ok(source)
    }

    /// True for a file that only declares and re-exports modules.
    pub(super) fn is_facade(&self) -> bool {
        let only_declares = self.items.is_empty() && self.identifiers.iter().all(|word| word == "mod");
        only_declares && self.uses.iter().all(|used| used.reach == Reach::Exported)
    }

    pub(super) fn mentions(&self, name: &str) -> bool {
        self.identifiers.contains(name)
    }

    fn read(&mut self, tokens: TokenStream, scope: &[String]) {
        let mut tokens = tokens.into_iter().peekable();
        let mut attributes = Attributes::default();
        let mut reach = Reach::Private;
        let mut before = Before::Other;
        while let Some(token) = tokens.next() {
            if attributes.test_only && !is_visibility(&token) {
                self.skip(&token, &mut tokens, &attributes);
                (attributes, reach, before) = (Attributes::default(), Reach::Private, Before::Other);
                continue;
            }
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if tokens.peek().is_some_and(|next| is_punct(next, '!')) {
                        tokens.next();
                        tokens.next();
                    } else if let Some(TokenTree::Group(group)) =
                        tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                    {
                        attributes.add(&group);
                        self.read(group.stream(), scope);
                    }
                    continue;
                }
                TokenTree::Ident(word) if word == "pub" => {
                    reach = Reach::Exported;
                    // `pub(crate)`, `pub(in path)`; not the type in `pub (A, B)`.
                    tokens.next_if(is_restriction);
                    continue;
                }
                TokenTree::Ident(word) if word == "use" && !tokens.peek().is_some_and(|next| is_punct(next, '<')) => {
                    let line = word.span().start().line;
                    let tree = tokens.by_ref().take_while(|next| !is_punct(next, ';')).collect();
                    self.read_use(tree, &[], scope, reach, line);
                }
                TokenTree::Ident(word) if word == "mod" => {
                    self.identifiers.insert("mod".to_owned());
                    let Some(TokenTree::Ident(name)) = tokens.next() else { continue };
                    if let Some(TokenTree::Group(body)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                        let inner = [scope, &[name.to_string()]].concat();
                        self.inline_modules.insert(inner.clone());
                        self.read(body.stream(), &inner);
                    }
                }
                TokenTree::Ident(word) => {
                    let text = word.to_string();
                    let line = word.span().start().line;
                    self.identifiers.insert(text.clone());
                    if before == Before::PathSeparator {
                        // The rest of `<T as Trait>::Item`.
                    } else if let Some(name) = item_name(&text, &mut tokens) {
                        self.items.insert((scope.to_vec(), name));
                    } else {
                        let segments = self.path(text, &mut tokens);
                        if segments.len() > 1 {
                            self.paths.push(NamedPath { scope: scope.to_vec(), segments, line });
                        }
                    }
                }
                TokenTree::Group(group) => self.read(group.stream(), scope),
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    let doubled = punct.spacing() == proc_macro2::Spacing::Joint
                        && tokens.next_if(|next| is_punct(next, ':')).is_some();
                    before = match (doubled, before) {
                        (true, Before::ClosingAngle) => Before::PathSeparator,
                        _ => Before::Other,
                    };
                    continue;
                }
                TokenTree::Punct(punct) => {
                    before = if punct.as_char() == '>' { Before::ClosingAngle } else { Before::Other };
                    continue;
                }
                TokenTree::Literal(_) => {}
            }
            (attributes, reach, before) = (Attributes::default(), Reach::Private, Before::Other);
        }
    }

    /// Reads a path from its first segment on.
    fn path(&mut self, first: String, tokens: &mut Peekable<token_stream::IntoIter>) -> Segments {
        let mut segments = vec![first];
        while tokens.peek().is_some_and(|next| is_punct(next, ':')) {
            let mut ahead = tokens.clone();
            ahead.next();
            if !ahead.next().is_some_and(|next| is_punct(&next, ':')) {
                break;
            }
            // A turbofish, `::<T>`, or a group ends the path; the tokens after it are read separately.
            let Some(TokenTree::Ident(word)) = ahead.next() else { break };
            *tokens = ahead;
            self.identifiers.insert(word.to_string());
            segments.push(word.to_string());
        }
        segments
    }

    /// Skips an item, field or statement that exists only in tests.
    fn skip(&mut self, first: &TokenTree, tokens: &mut Peekable<token_stream::IntoIter>, attributes: &Attributes) {
        let word = if let TokenTree::Ident(word) = first { word.to_string() } else { String::new() };
        match word.as_str() {
            "mod" => {
                let Some(TokenTree::Ident(name)) = tokens.next() else { return };
                if tokens.next().is_some_and(|next| is_punct(&next, ';')) {
                    self.test_modules.push(TestModule { name: name.to_string(), path: attributes.path.clone() });
                }
            }
            "use" | "const" | "static" | "type" | "let" if !is_function(tokens) => {
                tokens.by_ref().find(|next| is_punct(next, ';'));
            }
            "fn" | "struct" | "enum" | "impl" | "trait" | "unsafe" | "async" | "const" | "extern" | "macro_rules" => {
                tokens.by_ref().find(|next| is_punct(next, ';') || is_braced(next));
            }
            "#" => {}
            // A field, a variant, an arm or an expression.
            _ => {
                if !is_braced(first) {
                    tokens.by_ref().find(|next| is_punct(next, ',') || is_punct(next, ';') || is_braced(next));
                }
            }
        }
    }

    fn read_use(&mut self, tree: Vec<TokenTree>, prefix: &[String], scope: &[String], reach: Reach, line: usize) {
        let mut segments = prefix.to_vec();
        let mut line = line;
        let mut words = tree.into_iter().peekable();
        while let Some(token) = words.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    let name = words.next().map(|name| name.to_string()).unwrap_or_default();
                    return self.add_use(segments, Binding::Name(name), scope, reach, line);
                }
                TokenTree::Ident(word) => {
                    line = word.span().start().line;
                    segments.push(word.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    return self.add_use(segments, Binding::Glob, scope, reach, line);
                }
                TokenTree::Group(group) => {
                    let mut branch = Vec::new();
                    for token in group.stream() {
                        if is_punct(&token, ',') {
                            self.read_use(std::mem::take(&mut branch), &segments, scope, reach, line);
                        } else {
                            branch.push(token);
                        }
                    }
                    return self.read_use(branch, &segments, scope, reach, line);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        // The last comma of a group is not followed by a name.
        if segments.len() > prefix.len() {
            // `use a::{self}` binds `a`.
            if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
                segments.pop();
            }
            let name = segments.last().cloned().unwrap_or_default();
            self.add_use(segments, Binding::Name(name), scope, reach, line);
        }
    }

    fn add_use(&mut self, segments: Segments, binding: Binding, scope: &[String], reach: Reach, line: usize) {
        self.uses.push(Use { scope: scope.to_vec(), segments, binding, reach, line });
    }
}

/// The token before an identifier, which determines whether a path begins there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    ClosingAngle,
    PathSeparator,
    Other,
}

/// The attributes of the next item.
#[derive(Default)]
struct Attributes {
    test_only: bool,
    path: Option<String>,
}

impl Attributes {
    fn add(&mut self, group: &Group) {
        let text = group.stream().to_string();
        let words = words(group.stream());
        let is_cfg_test = words.first().is_some_and(|word| word == "cfg")
            && words.iter().any(|word| word == "test")
            && !words.iter().any(|word| word == "not");
        let is_test = words.last().is_some_and(|word| word == "test") && text.ends_with("test");
        self.test_only |= is_cfg_test || is_test;
        if words.first().is_some_and(|word| word == "path") {
            self.path = text.split('"').nth(1).map(str::to_owned);
        }
    }
}

/// All identifiers, those of nested groups included.
fn words(stream: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in stream {
        match token {
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Group(group) => found.extend(words(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// The name that an item's keyword introduces.
fn item_name(keyword: &str, tokens: &mut Peekable<token_stream::IntoIter>) -> Option<String> {
    if keyword == "macro_rules" {
        tokens.next_if(|next| is_punct(next, '!'))?;
    } else if !matches!(keyword, "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static") {
        return None;
    }
    let next = tokens.next_if(|next| matches!(next, TokenTree::Ident(word) if word != "fn" && word != "unsafe"))?;
    Some(next.to_string())
}

fn is_function(tokens: &mut Peekable<token_stream::IntoIter>) -> bool {
    tokens.peek().is_some_and(|next| matches!(next, TokenTree::Ident(word) if word == "fn"))
}

fn is_visibility(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word == "pub") || is_punct(token, '#') || is_restriction(token)
}

fn is_restriction(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let inside = words(group.stream());
    group.delimiter() == Delimiter::Parenthesis
        && (inside.first().is_some_and(|word| word == "in")
            || inside.len() == 1 && matches!(inside[0].as_str(), "crate" | "super" | "self"))
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_braced(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}
