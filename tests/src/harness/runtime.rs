//! One runtime for a whole test binary: what a fleet is made of outlives the test that started it.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("harness")
        .enable_all()
        .build()
        .expect("a runtime can be built")
});

/// Runs a test's future to its end.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// Runs something on a thread that lasts as long as the test binary.
///
/// The kernel ends our children when the *thread* that started them ends, and a test's own thread ends with the test.
pub(super) async fn on_a_lasting_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    RUNTIME.spawn(async move { work() }).await.expect("the work does not panic")
}
