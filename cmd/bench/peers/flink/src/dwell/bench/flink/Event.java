package dwell.bench.flink;

/** A truck that arrived or was released. */
public record Event(Key visit, boolean released, long time, byte[] bcp) { }
