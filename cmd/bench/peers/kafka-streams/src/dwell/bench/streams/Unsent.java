package dwell.bench.streams;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts over all tasks the windows that have changed and are not yet in the hands of the producer. */
final class Unsent {
    private final AtomicInteger windows = new AtomicInteger();

    void add(int n) {
        windows.addAndGet(n);
    }

    boolean none() {
        return windows.get() == 0;
    }
}
