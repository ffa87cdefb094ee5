package dwell.bench.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes releases between tasks. */
public final class ReleaseSerializer extends ValueSerializer<Release> {
    private static final long serialVersionUID = 1;

    @Override
    public void serialize(Release from, DataOutputView to) throws IOException {
        writeBytes(from.window().bytes, to);
        to.writeLong(from.ms());
    }

    @Override
    public Release deserialize(DataInputView from) throws IOException {
        return new Release(new Key(readBytes(from)), from.readLong());
    }

    @Override
    public TypeSerializerSnapshot<Release> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Says in a checkpoint which serializer wrote it. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Release> {
        public Snapshot() {
            super(ReleaseSerializer::new);
        }
    }
}
