/**
 * A method of the published definitions, as the gRPC server takes it.
 * @module
 */

import { type DescMethod, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import type { MethodDefinition } from '@grpc/grpc-js'

type Served<Method extends DescMethod> = MethodDefinition<
  MessageShape<Method['input']>,
  MessageShape<Method['output']>
>

export function definitionOf<Method extends DescMethod>(method: Method): Served<Method> {
  const { input, output, methodKind, parent, name } = method
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestDeserialize: (bytes) => fromBinary<Method['input']>(input, bytes),
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    responseDeserialize: (bytes) => fromBinary<Method['output']>(output, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(output, message)),
  }
}
