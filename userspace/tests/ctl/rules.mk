# SPDX-License-Identifier: GPL-2.0
TESTS += test_ctl_text test_ctl_blob test_ctl_evidence test_ctl_client test_ctl_files \
	 test_ctl_request_key
test_ctl_text_SRCS := tests/ctl/test_ctl_text.c
test_ctl_blob_SRCS := tests/ctl/test_ctl_blob.c
test_ctl_evidence_SRCS := tests/ctl/test_ctl_evidence.c tests/ctl/canned.c
test_ctl_client_SRCS := tests/ctl/test_ctl_client.c
test_ctl_files_SRCS := tests/ctl/test_ctl_files.c bastionctl/attend.c bastionctl/report.c
test_ctl_request_key_SRCS := tests/ctl/test_ctl_request_key.c request-key/parse.c
$(foreach t,text blob evidence client files request_key,$(eval test_ctl_$(t)_PKGS := cmocka))
$(foreach t,text blob evidence client files request_key,$(eval test_ctl_$(t)_USES := libbastion))
