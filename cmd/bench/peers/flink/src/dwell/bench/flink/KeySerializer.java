package dwell.bench.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes keys, between tasks and in checkpoints. */
public final class KeySerializer extends ValueSerializer<Key> {
    private static final long serialVersionUID = 1;

    @Override
    public void serialize(Key from, DataOutputView to) throws IOException {
        writeBytes(from.bytes, to);
    }

    @Override
    public Key deserialize(DataInputView from) throws IOException {
        return new Key(readBytes(from));
    }

    @Override
    public TypeSerializerSnapshot<Key> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Says in a checkpoint which serializer wrote it. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Key> {
        public Snapshot() {
            super(KeySerializer::new);
        }
    }
}
