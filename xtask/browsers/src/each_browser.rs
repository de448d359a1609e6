//! Tests that run in each browser.

/// Makes two tests of an async function that takes an [`Engine`](crate::Engine): `NAME::chromium` and `NAME::firefox`.
/// Attributes before the name apply to both. The crate needs tokio.
///
/// ```
/// # fn main() {}
/// use browsers::{Browser, Engine, LaunchOptions, test_in_each_browser};
///
/// test_in_each_browser!(a_page_has_a_title);
/// async fn a_page_has_a_title(engine: Engine) -> anyhow::Result<()> {
///     let browser = Browser::launch(&LaunchOptions::from_environment(engine)?).await?;
///     let page = browser.page("data:text/html,<title>probe</title>").await?;
///     page.wait_for("document.title === 'probe'", "the title").await
/// }
/// ```
#[macro_export]
macro_rules! test_in_each_browser {
    ($(#[$attribute:meta])* $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            $(#[$attribute])*
            async fn chromium() -> ::anyhow::Result<()> {
                super::$name($crate::Engine::Chromium).await
            }

            #[tokio::test(flavor = "multi_thread")]
            $(#[$attribute])*
            async fn firefox() -> ::anyhow::Result<()> {
                super::$name($crate::Engine::Firefox).await
            }
        }
    };
}
