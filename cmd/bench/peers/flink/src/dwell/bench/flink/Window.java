package dwell.bench.flink;

/** A window as it is now. */
public record Window(Key key, byte[] sketch) { }
